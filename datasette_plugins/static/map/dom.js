// Elements, numbers and dates as text. Data always goes in as text, never as markup.

export function el(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, v] of Object.entries(value)) made.style.setProperty(key, v);
    else if (name in made && name !== "list") made[name] = value;
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

export const byId = (id) => document.getElementById(id);

export function number(value, digits = 1, signed = false) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const text = Math.abs(value).toFixed(digits).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
  const zero = Number(value.toFixed(digits)) === 0;
  return (value < 0 && !zero ? "−" : signed && !zero ? "+" : "") + text;
}

// The labels of an axis, with the digits that their step needs: 2.5 apart are not 3 and 5.
export function labels(ticks) {
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : 1;
  const digits = [0, 1, 2, 3].find((n) => Math.abs(step * 10 ** n - Math.round(step * 10 ** n)) < 1e-6) ?? 3;
  return ticks.map((tick) => number(tick, digits));
}

export const count = (n) => number(n, 0);
export const plusMinus = (value, sigma, digits = 1) =>
  number(value, digits, true) + (sigma === null || sigma === undefined ? "" : ` ± ${number(sigma, digits)}`);
export const words = (name) => (name ? name.replaceAll("_", " ") : "–");

export function save(name, blob) {
  const link = el("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

// What tests and the curious may read: how often something was drawn, and how long it took.
export function counted(name, ms) {
  const kept = document.body.dataset;
  kept[name] = Number(kept[name] ?? 0) + 1;
  if (ms !== undefined) kept[`${name}Ms`] = ms.toFixed(1);
}
