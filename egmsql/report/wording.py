"""How numbers, fields and products are put into words, the same on the page and in the terminal."""

MOST_PRODUCTS = 12  # with tables of their own; of more, those that miss a goal come first

FIELDS = {  # published column -> what it is, unit, decimals that its differences are shown with
    "mean_velocity": ("velocity", "mm/yr", 4),
    "mean_velocity_std": ("standard error of the velocity", "mm/yr", 4),
    "acceleration": ("acceleration", "mm/yr²", 4),
    "acceleration_std": ("standard error of the acceleration", "mm/yr²", 4),
    "seasonality": ("seasonality", "mm", 4),
    "seasonality_std": ("standard error of the seasonality", "mm", 4),
    "rmse_ts": ("rmse of the series", "mm", 4),
    "temporal_coherence": ("temporal coherence", "", 4),
}

SIGNS = {  # look -> where a negative and a positive displacement goes
    "east": ("west", "east"),
    "up": ("down", "up"),
}
TOWARDS = ("away from the satellite", "towards the satellite")


def number(value, decimals=0):
    """Return a number with a true minus sign and thousands apart; a dash for none."""
    if value is None:
        return "–"
    text = f"{value:,.{decimals}f}"
    if text.startswith("-"):
        text = f"−{text[1:]}" if text.strip("-0.,") else text[1:]
    return text


def percent(share, decimals=1):
    """Return a share as a percentage."""
    return "–" if share is None else f"{number(100 * share, decimals)}\u00a0%"


def size(n_bytes):
    """Return bytes in the unit that suits them."""
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if n_bytes >= factor:
            return f"{number(n_bytes / factor, 1)} {unit}"
    return f"{number(n_bytes / 1e3, 1)} kB"


def moment(time):
    """Return a moment as its date and time, UTC."""
    return "–" if time is None else time.strftime("%Y-%m-%d %H:%M UTC")


def signs(look):
    """Return where a negative and a positive displacement goes."""
    return SIGNS.get(look, TOWARDS)


def group_name(row):
    """Return what a map or a row of one level, direction and release is called."""
    return " ".join(part for part in (row["level"], row["look"], row["release"]) if part)


def rule(audit):
    """Return the name of an audit as the sentence it is."""
    words = {"egms": "EGMS", "europe": "Europe"}
    return " ".join(words.get(word, word) for word in audit.split("_"))


def place(row):
    """Return where a product lies in EGMS's own terms."""
    if row["tile"]:
        return f"tile {row['tile']}"
    swath = f" IW{row['swath']}" if row["swath"] else ""
    return f"track {row['track']}, burst {row['burst']}{swath}"


def field_name(row):
    """Return what a row of the agreement compares."""
    words = FIELDS.get(row["field"], (row["field"],))[0]
    return f"{words}, corrected" if row["is_gnss_corrected"] else words


def unit(row):
    """Return the unit of a row of the agreement."""
    return FIELDS.get(row["field"], ("", ""))[1]


def goal(row):
    """Return the goal of a row of the agreement, or a dash where it has none."""
    if row["largest_error"] is not None:
        return f"RMSE ≤ {number(row['largest_error'], 3)}"
    return "–" if row["least_share"] is None else f"equal ≥ {percent(row['least_share'], 0)}"


def verdict(row):
    """Return whether a row of the agreement meets its goal, in a mark and a word."""
    return {True: "✓ met", False: "✗ missed", None: "–"}[row["is_met"]]


def headline(rows):
    """Return one sentence about the goals of all rows of the agreement."""
    judged = [row for row in rows if row["is_met"] is not None]
    missed = [row for row in judged if not row["is_met"]]
    if not judged:
        return "No goal could be judged: each product has fewer than 100 points."
    goals = "goals of agreement with EGMS's published numbers"
    if not missed:
        return f"All {number(len(judged))} {goals} are met."
    return f"{number(len(missed))} of {number(len(judged))} {goals} are missed."


def by_product(rows):
    """Return (product, its rows) of the first products, missed goals first, and how many are left."""
    tables = {}
    for row in rows:
        tables.setdefault(row["product"], []).append(row)
    misses = {product: any(row["is_met"] is False for row in table) for product, table in tables.items()}
    ordered = sorted(tables.items(), key=lambda item: (not misses[item[0]], item[0]))
    return ordered[:MOST_PRODUCTS], max(0, len(ordered) - MOST_PRODUCTS)
