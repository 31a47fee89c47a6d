// The panel below the map: series of the chosen points, or what a polygon or a profile found.

import { ask, link } from "./api.js";
import { timeChart } from "./chart.js";
import { CLASSES, SERIES } from "./colours.js";
import { byId, counted, el, number, plusMinus, words } from "./dom.js";
import { savePng, saveSvg } from "./exports.js";
import { loadReference, referenceName, shiftsOf, without } from "./reference.js";
import { set, state } from "./state.js";
import { symbol } from "./stamps.js";
import { VIEWINGS } from "./view.js";

let chart = null;
let shown = null; // what showSeries last loaded

export function closePanel() {
  chart?.destroy();
  chart = shown = null;
  byId("panel").hidden = true;
  byId("panel").replaceChildren();
}

// Fills the panel: a title, buttons, a chart's place (returned), and a table below.
export function fillPanel(title, buttons, rows, close) {
  chart?.destroy();
  chart = null;
  const box = el("div", { className: "chart" }, el("div", { id: "readout" }));
  const panel = byId("panel");
  panel.replaceChildren(
    el("header", {}, el("h2", { textContent: title, title }), el("span", { className: "buttons" }, buttons,
      el("button", { type: "button", className: "close", textContent: "×", title: "Close (Esc)", "aria-label": "Close", onclick: close }))),
    el("div", { className: "body" }, box, el("div", { className: "facts" }, rows)),
  );
  panel.hidden = false;
  return box;
}

export const keepChart = (made) => { chart = made; };
export const chartNow = () => chart;

export const button = (text, onclick, pressed, title) =>
  el("button", { type: "button", textContent: text, title, "aria-pressed": pressed === undefined ? undefined : String(pressed), onclick });

export async function showSeries(started) {
  const asked = { pid: state.pid.slice(-SERIES.length), release: state.release, level: state.level };
  const relative = shiftsOf({ ...state, colour: "velocity_mm_yr" });
  const [points, series, models, reference, shifts] = await Promise.all([ask("point", asked), ask("series", asked), ask("model", asked), loadReference(), relative]);
  if (!points || !series || !models) return;
  const key = (each) => `${each.pid} ${each.product}`;
  const of = (list) => new Map(list.map((each) => [key(each), each]));
  const [byPoint, byModel] = [of(points.points), of(models.models)];
  shown = { reference, shifts, items: series.series.map((each, i) => ({
    ...each, epochs: series.products[each.product].epochs, viewing: series.products[each.product].viewing,
    point: byPoint.get(key(each)), model: byModel.get(key(each)), colour: SERIES[i % SERIES.length],
  })) };
  drawSeries();
  counted("series", started === undefined ? undefined : performance.now() - started);
}

export function drawSeries() {
  if (!shown) return;
  const { items, reference, shifts } = shown;
  const curves = items.map((item) => curveOf(item, reference));
  const title = `${titleOf(items)}${curves.some((curve) => curve.published) ? ", corrected" : ""}`;
  const marked = reference ? ` relative to ${referenceName()}` : "";
  const box = fillPanel(title + marked, buttonsOf(items, curves, title + marked), [table(items, reference, shifts)], () => set({ pid: [] }));
  chart = timeChart(box, curves);
}

function curveOf(item, reference) {
  const found = item.model?.curve;
  const removed = state.corrected && item.model?.corrected_mm ? stepsRemoved(item) : null;
  const raw = removed ? item.model.corrected_mm : item.displacements_mm;
  const base = without(raw, reference?.get(item.product));
  const season = found && !state.season ? found.season_mm : null;
  const curve = { label: `${item.pid} ${item.viewing}`, colour: item.colour, epochs: item.epochs, values: season ? base.map((v, i) => (v === null ? null : v - season[i])) : base };
  if (removed) curve.published = item.displacements_mm;
  // A model describes the published series: not one that has another reference.
  if (found && state.model && base === raw) {
    const middle = found.model_mm.map((v, i) => v - (season ? season[i] : 0) + (removed?.[i] ?? 0));
    Object.assign(curve, { model: middle, low: middle.map((v, i) => v - 1.96 * found.sigma_mm[i]), high: middle.map((v, i) => v + 1.96 * found.sigma_mm[i]) });
  }
  if (state.model) curve.breaks = item.model?.breaks;
  return curve;
}

// What a correction adds at each epoch: whole cycles, so that of a missing epoch is that of the one before.
function stepsRemoved({ displacements_mm, model }) {
  let last = 0;
  return displacements_mm.map((v, i) => {
    const now = model.corrected_mm[i];
    if (v !== null && now !== null && now !== undefined) last = now - v;
    return last;
  });
}

const titleOf = (items) => (items.length > 2 ? `${items.length} series` : items.map((item) => `${item.pid}, ${item.viewing}`).join("; "));

function buttonsOf(items, curves, title) {
  const suspected = items.some((item) => item.model?.corrected_mm);
  return [
    button("Season", () => set({ season: !state.season }), state.season, "Shown with its yearly wave, or without (S)"),
    button("Model, 95 %", () => set({ model: !state.model }), state.model, "Best shape with its 95 % band, and breaks with their intervals (M)"),
    suspected && button("Corrected", () => set({ corrected: !state.corrected }), state.corrected, "Takes out the suspected unwrapping error; grey: as published"),
    new Set(items.map((item) => item.viewing)).size < 2 && button("+ other geometry", addOther, undefined, "Adds the nearest point seen from the other side, within 100 m"),
    button(state.reference ? "No reference" : "As reference", () => set({ reference: state.reference ? "" : `pid:${items[0].pid}` }), Boolean(state.reference), "Subtracts this series from all others of its product"),
    button("PNG", () => savePng(chart, title)),
    button("SVG", () => saveSvg(chart, curves, title)),
    el("a", { className: "button", textContent: "CSV", download: "series.csv", href: link("series", { pid: state.pid, release: state.release, level: state.level, format: "csv" }) }),
  ].filter(Boolean);
}

// The pid of the nearest point of each viewing geometry within some metres of a place, east and north. Cells stand
// askew to degrees: half their side times √2 reaches their corners everywhere.
export async function nearestOfEach({ longitude, latitude }, metres, without_ = new Set()) {
  const up = metres / 111_320;
  const reach = [up / Math.cos((latitude * Math.PI) / 180), up];
  const bbox = [longitude - reach[0], latitude - reach[1], longitude + reach[0], latitude + reach[1]].map((v) => v.toFixed(6));
  const found = await ask("viewport", { bbox, kind: "points", release: state.release, level: state.level }, { kind: "other" });
  const c = found?.columns;
  const distance = (i) => Math.hypot((c.longitude[i] - longitude) / reach[0], (c.latitude[i] - latitude) / reach[1]);
  const order = (c?.pid ?? []).map((_, i) => i).sort((a, b) => distance(a) - distance(b));
  const nearest = order.filter((i, k) => !without_.has(c.viewing[i]) && order.findIndex((j) => c.viewing[j] === c.viewing[i]) === k);
  return nearest.map((i) => c.pid[i]);
}

// Another viewing geometry beside the first, to see east from up.
async function addOther() {
  const seen = new Set(shown.items.map((item) => item.viewing));
  const others = await nearestOfEach(shown.items[0].point, 100, seen);
  if (others.length) set({ pid: [...state.pid, others[0]] });
  else byId("readout").textContent = "no point of another geometry within 100 m";
}

// Rows are what is known, columns are points: it fits beside the chart.
function table(items, reference, shifts) {
  const shift = (viewing) => shifts?.[VIEWINGS.indexOf(viewing)] ?? null;
  const rows = [
    ["velocity [mm/yr]", ({ point: p }) => plusMinus(p?.velocity_mm_yr, p?.velocity_sigma_mm_yr)],
    ...(shifts ? [["relative", ({ point: p, viewing }) => (p && shift(viewing) !== null ? number(p.velocity_mm_yr - shift(viewing), 1, true) : "–")]] : []),
    ["class", ({ model }) => probabilities(model)],
    ["break", ({ model }) => breaks(model)],
    ["acceleration [mm/yr²]", ({ point: p }) => plusMinus(p?.acceleration_mm_yr2, p?.acceleration_sigma_mm_yr2, 2)],
    ["season [mm]", ({ point: p }) => plusMinus(p?.seasonality_mm, p?.seasonality_sigma_mm)],
    ["coherence", ({ point: p }) => number(p?.temporal_coherence, 2)],
    ["rmse [mm]", ({ point: p }) => number(p?.rmse_mm, 1)],
    ["height [m]", ({ point: p }) => number(p?.height_ortho, 0)],
    ["latitude, longitude", ({ point: p }) => (p ? `${p.latitude.toFixed(5)}, ${p.longitude.toFixed(5)}` : "–")],
    ["epochs", (item) => `${item.displacements_mm.filter((v) => v !== null).length} of ${item.epochs.length}, ${item.epochs[0]} to ${item.epochs.at(-1)}`],
    ["notes", (item) => notes(item.model, reference && !reference.has(item.product))],
  ];
  return el("table", {}, el("thead", {}, el("tr", {}, el("td"), items.map(head))),
    el("tbody", {}, rows.map(([name, of]) => el("tr", {}, el("th", { scope: "row", textContent: name }), items.map((item) => el("td", {}, of(item)))))));
}

function head({ pid, product, viewing, colour }) {
  return el("th", { scope: "col", title: product }, symbol(VIEWINGS.indexOf(viewing), colour), ` ${pid} `,
    el("button", { type: "button", className: "remove", title: "Leave this series out", "aria-label": `Leave ${pid} out`, textContent: "×", onclick: () => set({ pid: state.pid.filter((each) => each !== pid) }) }),
    el("small", { textContent: product.replace("EGMS_", "") }));
}

const percent = (p) => (p >= 0.995 ? "> 99 %" : `${number(100 * p, 0)} %`);

function probabilities(model) {
  // The class first, also where another is as probable to the digit.
  const given = Object.entries(model?.probabilities ?? {}).sort(([a], [b]) => (b === model.class) - (a === model.class));
  if (!given.length) return [words(model?.class), el("small", { textContent: model?.family ? ` shape ${words(model.family)}` : "" })];
  const bar = el("span", { className: "bar", title: given.map(([name, p]) => `${words(name)} ${percent(p)}`).join("\n") },
    given.map(([name, p]) => el("i", { style: { width: `${100 * p}%`, background: CLASSES[name] } })));
  const few = given.filter(([, p], i) => i === 0 || p >= 0.1).slice(0, 3).map(([name, p]) => `${words(name)} ${percent(p)}`);
  return [el("b", { textContent: few[0] }), few.length > 1 ? `, ${few.slice(1).join(", ")}` : "", bar, el("small", { textContent: `shape ${words(model.family)}` })];
}

function breaks(model) {
  if (!model?.breaks?.length) return "–";
  return model.breaks.map((each) => el("div", {}, `${words(each.kind)} ${each.date}`,
    each.mm !== undefined ? ` ${plusMinus(each.mm, each.sigma_mm)} mm` : "", each.mm_yr !== undefined ? ` ${plusMinus(each.mm_yr, each.sigma_mm_yr)} mm/yr` : "",
    each.from ? el("small", { className: "dates", textContent: `between ${each.from} and ${each.to}` }) : ""));
}

function notes(model, lost) {
  const a = model?.attributes ?? {};
  const found = [
    a.is_unwrapping_suspect && "unwrapping error suspected",
    a.is_coseismic_suspect && "coseismic step suspected",
    a.is_last_year_anomaly && `last year ${number(a.last_year_mm_yr, 1, true)} mm/yr off`,
    a.is_periodic && `yearly wave${a.wave_cause && a.wave_cause !== "unknown" ? `, may be ${a.wave_cause}` : ""}`,
    lost && "the reference has no series in this product: not subtracted",
  ].filter(Boolean);
  return found.length ? found.map((text) => el("div", { textContent: text })) : "–";
}

new ResizeObserver(() => {
  const box = document.querySelector("#panel .chart");
  if (chart && box) chart.setSize({ width: box.clientWidth, height: Math.max(150, box.clientHeight) });
}).observe(byId("panel"));
