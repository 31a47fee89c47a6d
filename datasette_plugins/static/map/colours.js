// Which colour a value has. Ramps are dark at their ends, so strength reads without hue as well.

const RAMPS = {
  "blue-red": ["#67001f", "#b2182b", "#e2684f", "#f6b79b", "#f5f2ec", "#a9cfe4", "#4a98c9", "#2166ac", "#053061"],
  "purple-orange": ["#5e2f00", "#b35806", "#e58c2b", "#fcc687", "#f5f3f2", "#bfb9da", "#8674b2", "#542788", "#2d004b"],
  rainbow: ["#7a0403", "#d23105", "#fb8022", "#eecf3a", "#a4fc3c", "#32f298", "#28bceb", "#466be3", "#30123b"],
  viridis: ["#440154", "#472d7b", "#3b528b", "#2c728e", "#21918c", "#28ae80", "#5ec962", "#addc30", "#fde725"],
  grey: ["#111111", "#444444", "#777777", "#aaaaaa", "#e6e6e6", "#aaaaaa", "#777777", "#444444", "#111111"],
};

export const DIVERGING = ["blue-red", "purple-orange", "rainbow", "grey"];

export const FIELDS = {
  velocity_mm_yr: { label: "Velocity", unit: "mm/yr", digits: 1, signed: true, ranges: [2, 5, 10, 20, 50], usual: 10 },
  class: { label: "Class of motion", unit: "", categories: true },
  acceleration_mm_yr2: { label: "Acceleration", unit: "mm/yr²", digits: 2, signed: true, ranges: [0.5, 1, 2, 5, 10], usual: 2 },
  seasonality_mm: { label: "Seasonality", unit: "mm", digits: 1, low: 0, ranges: [2, 5, 10, 20], usual: 5 },
  temporal_coherence: { label: "Temporal coherence", unit: "", digits: 2, low: 0.4, ranges: [1], usual: 1 },
  height_ortho: { label: "Height", unit: "m", digits: 0, low: 0, ranges: [100, 250, 500, 1000, 2000, 4000], usual: 500 },
  velocity_up_mm_yr: { label: "Velocity up", unit: "mm/yr", digits: 1, signed: true, ranges: [2, 5, 10, 20, 50], usual: 10, cells: true, ways: ["down", "up"] },
  velocity_east_mm_yr: { label: "Velocity east", unit: "mm/yr", digits: 1, signed: true, ranges: [2, 5, 10, 20, 50], usual: 10, cells: true, ways: ["west", "east"] },
  displacement_mm: { label: "Displacement since the first date", unit: "mm", digits: 0, signed: true, ranges: [], usual: 25, film: true },
};

// Okabe and Ito's colours, which the colour-blind tell apart; what stands still is grey.
export const CLASSES = {
  stable: "#9aa0a6", linear: "#0072b2", accelerating: "#d55e00", decelerating: "#009e73", velocity_change: "#e69f00",
  step: "#cc79a7", noisy: "#c9bfae", complex: "#56b4e9", unclassified: "#e8e8e8",
};
export const CLASS_NAMES = Object.keys(CLASSES);

export const SERIES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#5b3fa0", "#4d4d4d"];

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));

function table(stops) {
  const colours = stops.map(rgb);
  const out = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i += 1) {
    const at = (i / 255) * (colours.length - 1);
    const k = Math.min(Math.floor(at), colours.length - 2);
    for (let c = 0; c < 3; c += 1) out[3 * i + c] = colours[k][c] + (at - k) * (colours[k + 1][c] - colours[k][c]);
  }
  return out;
}

export function rangeOf(state) {
  const field = FIELDS[state.colour];
  if (field.categories) return null;
  const high = state.range ?? field.usual;
  return [field.signed ? -high : field.low, high];
}

// A colouring of one field: `index(value)` into `colours`, and how strong a value is (drawn last), 0 to 255.
export function colouring(state) {
  const field = FIELDS[state.colour];
  if (field.categories) {
    const colours = new Uint8Array(CLASS_NAMES.flatMap((name) => rgb(CLASSES[name])));
    // As they come: with movers on top the map would show more of them than there are.
    return { field, colours, index: (code) => code, strength: () => 0 };
  }
  const colours = table(RAMPS[field.signed ? state.ramp : "viridis"] ?? RAMPS["blue-red"]);
  const [low, high] = rangeOf(state);
  const scale = 255 / (high - low);
  const index = (value) => (value >= high ? 255 : value > low ? Math.round((value - low) * scale) : 0);
  const strength = field.signed ? (i) => Math.min(255, Math.abs(2 * i - 255)) : (i) => i;
  return { field, colours, index, strength };
}

export const css = (colours, i) => `rgb(${colours[3 * i]},${colours[3 * i + 1]},${colours[3 * i + 2]})`;
