"""What one request may ask for. Stated in the OpenAPI file and in docs/api.md; everything beyond is a 400."""

MAX_POINTS = 50_000  # points or cells in one answer of viewport
MAX_PIDS = 50  # series in one answer
MAX_VERTICES = 500  # of a polygon or line
MAX_POLYGON_POINTS = 200_000  # points that a polygon or profile may hold
MAX_POLYGON_SERIES = 5_000  # of these, how many series make its mean: evenly chosen beyond
MAX_ROW_GROUPS = 600  # of series files that one polygon may read
MAX_LINE_KM = 300
MAX_WIDTH_M = 5_000
MAX_DOWNLOAD_ROWS = 20_000_000

FAST_MS = 5_000  # viewport, point, series, search
SLOW_MS = 20_000  # polygon, profile
DOWNLOAD_MS = 300_000

NUMBERS = (
    "velocity_mm_yr",
    "velocity_sigma_mm_yr",
    "acceleration_mm_yr2",
    "seasonality_mm",
    "temporal_coherence",
    "rmse_mm",
    "height_ortho",
    "probability",
)  # columns of points that min_ and max_ filter
WORDS = ("viewing", "product", "class")  # columns of points that take a list of values
LICENCE = "Copernicus Land Monitoring Service data policy: free, full and open access with attribution"
LICENCE_URL = "https://land.copernicus.eu/en/data-policy"
SOURCE = "European Ground Motion Service, European Environment Agency; processed with egmsql"
SOURCE_URL = "https://egms.land.copernicus.eu"
