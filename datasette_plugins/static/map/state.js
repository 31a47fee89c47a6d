// What the page shows, whole, in the address: whoever opens a link sees the same.

const FIRST = {
  lat: null, lon: null, zoom: null,
  release: null, level: null, show: "points", component: "up",
  colour: "velocity_mm_yr", ramp: "blue-red", range: null, size: 1, labels: false, outlines: false, areas: "", swipe: "", at: 0.5,
  viewing: [], class: [], product: [],
  min_velocity_mm_yr: null, max_velocity_mm_yr: null, min_temporal_coherence: null, min_probability: null,
  pid: [], season: true, model: true, corrected: false,
  polygon: "", line: "", width: 250, from: null, to: null, area: "", reference: "", film: "",
};

export const FILTERS = [
  "release", "level", "viewing", "class", "product",
  "min_velocity_mm_yr", "max_velocity_mm_yr", "min_temporal_coherence", "min_probability",
];

function read(name, text) {
  const first = FIRST[name];
  if (Array.isArray(first)) return text ? text.split(",") : [];
  if (typeof first === "boolean") return text === "1";
  if (name.startsWith("min_") || name.startsWith("max_") || ["lat", "lon", "zoom", "range", "size", "width", "at"].includes(name)) {
    return text !== "" && Number.isFinite(Number(text)) ? Number(text) : first;
  }
  return text;
}

function fromHash() {
  const found = structuredClone(FIRST);
  for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
    if (name in FIRST) found[name] = read(name, text);
  }
  return found;
}

export const state = fromHash();
const listeners = [];

// listener(changed names) runs whenever one of `names` changed.
export const on = (names, listener) => listeners.push([new Set(names), listener]);

export function set(patch) {
  const changed = Object.keys(patch).filter((k) => JSON.stringify(state[k]) !== JSON.stringify(patch[k]));
  if (!changed.length) return;
  Object.assign(state, patch);
  history.replaceState(null, "", `#${hash()}`);
  for (const [names, listener] of listeners) if (changed.some((k) => names.has(k))) listener(changed);
}

export function hash() {
  const parts = [];
  for (const [name, value] of Object.entries(state)) {
    if (JSON.stringify(value) === JSON.stringify(FIRST[name])) continue;
    const text = typeof value === "boolean" ? String(Number(value)) : String(value);
    parts.push(`${name}=${encodeURIComponent(text).replaceAll("%2C", ",").replaceAll("%3B", ";")}`);
  }
  return parts.join("&");
}

export const filtersOf = (seen) => Object.fromEntries(FILTERS.map((name) => [name, seen[name]]));
export const filters = () => filtersOf(state);

addEventListener("hashchange", () => set(fromHash()));
