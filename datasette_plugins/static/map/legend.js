// What the colours and symbols mean, and how many of each are in view.

import { CLASS_NAMES, CLASSES, FIELDS, css, rangeOf } from "./colours.js";
import { count, el, number, words } from "./dom.js";
import { referenceName } from "./reference.js";
import { state } from "./state.js";
import { symbol } from "./stamps.js";
import { VIEWINGS } from "./view.js";

const BINS = 10;

// place: the element; shown: what the layer's side shows; part: of the screen's width that it has.
export function showLegend(place, layer, shown, part) {
  const { view, paint } = layer;
  if (!view || !paint || view.field !== shown.colour) return;
  const seen = inView(layer, part);
  const field = FIELDS[shown.colour];
  const unit = field.unit ? ` [${field.unit}]` : "";
  place.replaceChildren(...[
    el("h2", { textContent: field.label + unit }),
    state.swipe.startsWith("data=") && el("p", { className: "data", textContent: `${shown.level}, ${shown.release.replace("_", " to ")}` }),
    ...related(view, seen, shown),
    ...(field.categories ? classes(seen) : scale(seen, paint, field, shown)),
    view.kind !== "grid" && el("p", { className: "symbols" }, VIEWINGS.map((name, i) => (seen.viewing[i] ? el("span", {}, symbol(i, "#fff"), ` ${name} ${count(seen.viewing[i])}`) : []))),
    ...outlined(shown),
    ...(seen.total ? [el("p", { className: "note", textContent: said(view, seen) })] : nothing(layer)),
  ].filter(Boolean));
  place.dataset.count = seen.total;
}

// What a reference does to the colours, in numbers: one for each viewing geometry.
function related(view, seen, shown) {
  if (!shown.reference) return [];
  if (!view.shifts) return [el("p", { className: "related", textContent: "as published: the reference changes velocities along the line of sight only" })];
  const each = VIEWINGS.map((name, i) => seen.viewing[i] > 0 && el("span", { textContent: view.shifts[i] ? `${name}: ${number(-view.shifts[i], 2, true)} mm/yr` : `${name}: as published, it has no reference` }));
  return [el("p", { className: "related" }, el("b", { textContent: `relative to ${referenceName()}` }), each)];
}

function outlined(shown) {
  if (!state.areas) return [];
  const isPart = state.areas === "subareas";
  const moving = ["linear", "accelerating", "decelerating", "velocity_change", "step", "complex"];
  return [
    el("p", { className: "note", textContent: `outlines: ${isPart ? "parts of moving areas, in the colour of their class" : "moving areas"}, with their velocity; — ascending, up; \u2011\u00a0\u2011 descending, east` }),
    isPart && shown.colour !== "class" && el("p", { className: "symbols" }, moving.map((name) => el("span", {}, el("i", { className: "swatch", style: { background: CLASSES[name] } }), ` ${words(name)}`))),
  ];
}

// What fills an empty legend: why, and the way back.
function nothing(layer) {
  return [
    el("p", { className: "note", textContent: `No ${layer.view.kind === "grid" ? "cells" : "points"} in view, or none that pass the filters` }),
    el("button", { type: "button", textContent: "Show the whole lake", onclick: () => layer.fire("lost") }),
  ];
}

function said(view, seen) {
  if (view.field === "displacement_mm") return `${count(seen.total)} points of the film in view`;
  if (view.kind === "grid") return `${count(seen.total)} cells of ${count(view.about.cell_m)} m in view, from ascending and descending together${view.about.cell_m > 100 ? ": mean; an inner square is the strongest mover" : ""}`;
  if (view.kind === "points") return `${count(seen.total)} points in view`;
  return `${count(seen.total)} points in view, as cells of ${count(view.about.cell_m)} m: mean; a dot is a cell's strongest mover`;
}

// Sums over what lies on the screen; a cell counts as its points.
function inView(layer, [from, to]) {
  const { view, paint, sx, sy, canvas } = layer;
  const seen = { total: 0, viewing: new Array(4).fill(0), class: new Array(CLASS_NAMES.length).fill(0), bins: new Array(BINS).fill(0) };
  // The canvas is larger than the screen: see PAD of the layer.
  const [padX, padY] = [canvas.width * 0.097, canvas.height * 0.097];
  const [low, high] = [from, to].map((share) => padX + share * (canvas.width - 2 * padX));
  const counts = view.kind === "cells" && view.field === "class" && CLASS_NAMES.map((name) => view.table.getChild(`n_${name}`)?.toArray());
  for (let i = 0; i < view.n; i += 1) {
    if (!(sx[i] >= low && sy[i] >= padY && sx[i] < high && sy[i] < canvas.height - padY)) continue;
    const n = view.kind === "cells" ? view.n_points[i] : 1;
    seen.total += n;
    seen.viewing[view.viewing[i]] += n;
    if (counts) counts.forEach((each, k) => { seen.class[k] += each ? each[i] : 0; });
    else seen.class[view.class[i]] += n;
    if (view.field !== "class") seen.bins[Math.min(BINS - 1, (paint.index(view.value[i]) * BINS) >> 8)] += n;
  }
  return seen;
}

function scale(seen, paint, field, shown) {
  const [low, high] = rangeOf(shown);
  const most = Math.max(1, ...seen.bins);
  const bars = seen.bins.map((n, k) => {
    const from = low + ((high - low) * k) / BINS;
    const title = `${number(from, field.digits, field.signed)} to ${number(from + (high - low) / BINS, field.digits, field.signed)}: ${count(n)}`;
    return el("i", { title, style: { height: `${n ? Math.max(4, (100 * Math.sqrt(n)) / Math.sqrt(most)) : 0}%`, background: css(paint.colours, Math.round(((k + 0.5) * 255) / BINS)) } });
  });
  const ramp = el("canvas", { className: "ramp", width: 256, height: 1 });
  const context = ramp.getContext("2d");
  for (let i = 0; i < 256; i += 1) {
    context.fillStyle = css(paint.colours, i);
    context.fillRect(i, 0, 1, 1);
  }
  const ends = [low, (low + high) / 2, high].map((value, k) => {
    const beyond = k === 0 && (field.signed || value > 0) ? "≤ " : k === 2 && high !== 1 ? "≥ " : "";
    return el("span", { textContent: beyond + number(value, Number.isInteger(value) ? 0 : field.digits, field.signed) });
  });
  const along = shown.level === "L3" ? ["down, west", "up, east"] : ["away", "towards satellite"];
  const towards = field.ways ?? (shown.colour === "velocity_mm_yr" && along);
  return [
    el("div", { className: "bars", "aria-label": "How many points of each value" }, bars),
    ramp,
    el("div", { className: "ends" }, ends),
    towards && el("div", { className: "ends ways" }, towards.map((text) => el("span", { textContent: text }))),
  ].filter(Boolean);
}

function classes(seen) {
  const rows = CLASS_NAMES.map((name, i) => seen.class[i] > 0 &&
    el("li", {}, el("i", { style: { background: CLASSES[name] } }), el("span", { textContent: words(name) }), el("b", { textContent: count(seen.class[i]) })));
  return [el("ul", { className: "classes" }, rows)];
}
