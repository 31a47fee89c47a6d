// Polygons and profiles: drawn corner by corner; what lies in them comes from the API.

import { ask, link } from "./api.js";
import { timeChart } from "./chart.js";
import { CLASS_NAMES, CLASSES, SERIES } from "./colours.js";
import { byId, count, counted, el, number, words } from "./dom.js";
import { rowsOf } from "./areas.js";
import { button, chartNow, fillPanel, keepChart } from "./panel.js";
import { savePng, saveSvg } from "./exports.js";
import { profileChart, viewingsOf } from "./profile.js";
import { loadReference, referenceName, shiftsOf, without } from "./reference.js";
import { filters, set, state } from "./state.js";
import { VIEWINGS } from "./view.js";

const parse = (text) => text.split(";").filter(Boolean).map((pair) => pair.split(",").map(Number).reverse());
const written = (corners) => corners.map(({ lat, lng }) => `${lng.toFixed(5)},${lat.toFixed(5)}`).join(";");

export class Drawing {
  constructor(L, map, above) {
    Object.assign(this, { L, map, above, kind: null, corners: [] });
    this.kept = L.layerGroup().addTo(map);
    this.draft = L.layerGroup().addTo(map);
    map.on("click", (e) => this.kind && this.add(e.latlng));
    map.on("mousemove", (e) => this.kind && this.corners.length && this.sketch(e.latlng));
    map.on("dblclick", () => this.kind && this.finish());
  }

  start(kind) {
    this.kind = kind;
    this.corners = [];
    this.map.doubleClickZoom.disable();
    this.map.getContainer().classList.add("drawing");
    byId("status").textContent = `Click the ${kind === "polygon" ? "corners" : "line's points"}; double click or Enter ends, Esc gives up`;
  }

  add(place) {
    const last = this.corners.at(-1);
    if (last && this.map.latLngToContainerPoint(last).distanceTo(this.map.latLngToContainerPoint(place)) < 4) return;
    this.corners.push(place);
    this.sketch(place);
  }

  sketch(place) {
    this.draft.clearLayers();
    const line = [...this.corners, place];
    this.L.polyline(this.kind === "polygon" ? [...line, line[0]] : line, { ...this.above, color: "#111", weight: 2, dashArray: "5 5", fill: false }).addTo(this.draft);
  }

  finish() {
    const { kind, corners } = this;
    this.stop();
    if (corners.length < (kind === "polygon" ? 3 : 2)) return;
    set(kind === "polygon" ? { polygon: written(corners), line: "", pid: [], area: "" } : { line: written(corners), polygon: "", pid: [], area: "" });
  }

  stop() {
    this.kind = null;
    this.draft.clearLayers();
    this.map.getContainer().classList.remove("drawing");
    byId("status").textContent = "";
    setTimeout(() => this.map.doubleClickZoom.enable(), 300);
  }

  // White below, so that it is seen on any colour; a dot where it begins.
  line(corners, look) {
    this.L.polyline(corners, { ...look, color: "#fff", weight: 6, fill: false }).addTo(this.kept);
    this.L.polyline(corners, { ...look, weight: 2.5, fill: false }).addTo(this.kept);
    this.L.circleMarker(corners[0], { ...look, radius: 5, color: "#fff", fillColor: "#111", fillOpacity: 1 }).addTo(this.kept);
  }

  show() {
    this.kept.clearLayers();
    const look = { ...this.above, color: "#111", weight: 2, fillOpacity: 0.06 };
    if (state.polygon) this.L.polygon(parse(state.polygon), look).addTo(this.kept);
    if (!state.line) return;
    const corners = parse(state.line);
    corners.slice(1).forEach((end, i) => this.L.polygon(corridor(corners[i], end, state.width), { ...look, weight: 0.8, fillOpacity: 0.1 }).addTo(this.kept));
    this.line(corners, look);
  }
}

// The corners of the ground that counts as beside a line, as much on each side.
function corridor([lat, lon], [lat2, lon2], width) {
  const scale = [111_320 * Math.cos((((lat + lat2) / 2) * Math.PI) / 180), 111_320];
  const [dx, dy] = [(lon2 - lon) * scale[0], (lat2 - lat) * scale[1]];
  const aside = width / 2 / (Math.hypot(dx, dy) || 1);
  const [x, y] = [(-dy * aside) / scale[0], (dx * aside) / scale[1]];
  return [[lat + y, lon + x], [lat2 + y, lon2 + x], [lat2 - y, lon2 - x], [lat - y, lon - x]];
}

// The mean of some points with its quartiles, as a curve; i: its place among others.
const meanCurve = (each, i) => ({
  velocity: each.velocity_mm_yr,
  label: `mean of ${count(each.n_series)}${each.viewing ? ` ${each.viewing}` : ""}${each.track ? `, track ${each.track}` : ""}`, colour: SERIES[i % SERIES.length], mean: true,
  epochs: each.epochs, values: each.mean_mm, model: each.mean_mm, low: each.q25_mm, high: each.q75_mm,
});

const pictures = (curves, title) => [button("PNG", () => savePng(chartNow(), title)), button("SVG", () => saveSvg(chartNow(), curves, title))];

// The chosen area's mean series; found: what loadArea answered.
export function showArea(found) {
  const curves = found.series.map(meanCurve);
  const title = `${found.kind === "area" ? "Area" : "Subarea"} of ${count(found.facts.n_points)} points, ${words(found.facts.class)}: mean and quartiles${state.reference ? ", as published" : ""}`;
  const row = ([name, content]) => el("tr", {}, el("th", { scope: "row", textContent: name }), el("td", {}, content));
  const rows = [["name", state.area.split(":")[1]], ...rowsOf(found), ["series", found.kind === "area" ? curves.map((c) => c.label).join(", ") : `${curves.map((c) => c.label).join(", ")}: the points of its class in its outline`]];
  const box = fillPanel(title, curves.length ? pictures(curves, title) : [], [el("table", { className: "about" }, el("tbody", {}, rows.map(row)))], () => set({ area: "" }));
  if (curves.length) keepChart(timeChart(box, curves));
  else box.append(el("p", { className: "none", textContent: "No series of these points." }));
  counted("area");
}

export async function showPolygon() {
  const asked = { polygon: state.polygon, ...filters() };
  const found = await ask("polygon", asked);
  if (!found) return;
  const reference = await loadReference();
  const curves = found.series.map((each, i) => meanCurve({ ...each, ...relative(each, reference?.get(each.products[0])), epochs: found.products[each.products[0]].epochs, track: found.products[each.products[0]].track }, i));
  const set_ = `polygon:${state.polygon}`;
  const title = `Polygon: ${count(found.n)} points; mean and quartiles${reference && state.reference !== set_ ? ` relative to ${referenceName()}` : ""}`;
  const box = fillPanel(title, [
    ...(curves.length ? pictures(curves, title) : []),
    button(state.reference === set_ ? "No reference" : "As reference", () => set({ reference: state.reference === set_ ? "" : set_ }), state.reference === set_, "Subtracts the mean of these points from every series"),
    el("a", { className: "button", textContent: "Points as CSV", download: "points.csv", href: link("download", { ...asked, format: "csv" }) }),
  ], [facts(found, curves)], () => set({ polygon: "" }));
  if (curves.length) keepChart(timeChart(box, curves));
  else box.append(el("p", { className: "none", textContent: "No points here that pass the filters." }));
  counted("polygon");
}

// A polygon's series relative to the reference; its own mean is not subtracted from itself.
function relative(each, mean) {
  if (!mean || state.reference === `polygon:${state.polygon}`) return {};
  return Object.fromEntries(["mean_mm", "q25_mm", "q75_mm"].map((name) => [name, without(each[name], mean)]));
}

function facts(found, curves) {
  const v = found.velocity_mm_yr;
  const row = (name, text) => el("tr", {}, el("th", { scope: "row", textContent: name }), el("td", {}, text));
  return el("table", { className: "shares" }, el("tbody", {}, [
    v && row(state.reference ? "Velocity [mm/yr], as published" : "Velocity [mm/yr]", `${Object.keys(found.viewing).length > 1 ? "all geometries: " : ""}mean ${number(v.mean, 1, true)}, median ${number(v.median, 1, true)}, quartiles ${number(v.q25, 1, true)} to ${number(v.q75, 1, true)}, from ${number(v.min, 1, true)} to ${number(v.max, 1, true)}, standard deviation ${number(v.std, 1)}`),
    row("Series", curves.map((c) => el("span", { className: "key" }, el("i", { className: "swatch", style: { background: c.colour } }), `${c.label}: ${number(c.velocity, 1, true)} mm/yr`))),
    found.class && row("Classes", CLASS_NAMES.filter((name) => found.class[name]).map((name) => el("span", { className: "key" }, el("i", { className: "swatch", style: { background: CLASSES[name] } }),
      `${words(name)} ${count(found.class[name])} (${number((100 * found.class[name]) / found.n, 0)} %)`))),
  ].filter(Boolean)));
}

// Velocities of a profile relative to the reference, if there is one; returns what the title says of it.
async function relate(columns) {
  if (!state.reference) return "";
  const shifts = columns.displacement_mm ? null : await shiftsOf({ ...state, colour: "velocity_mm_yr" });
  if (!shifts) return ", as published";
  columns.velocity_mm_yr = columns.velocity_mm_yr.map((v, i) => (v === null ? null : v - (shifts[VIEWINGS.indexOf(columns.viewing[i])] ?? 0)));
  return ` relative to ${referenceName()}`;
}

export async function showProfile() {
  const asked = { line: state.line, width_m: state.width, from: state.from, to: state.to, ...filters() };
  const found = await ask("profile", asked);
  if (!found) return;
  const marked = await relate(found.columns);
  const date = (name) => el("input", { type: "date", value: state[name] ?? "", "aria-label": `${name} this date`, onchange: (e) => { dates[name] = e.target.value || null; if (Boolean(dates.from) === Boolean(dates.to)) set({ ...dates }); } });
  const dates = { from: state.from, to: state.to };
  const width = el("input", { type: "number", min: 10, max: 5000, step: 10, value: state.width, "aria-label": "Width of the corridor in metres", onchange: (e) => set({ width: Math.min(5000, Math.max(1, Math.round(Number(e.target.value) || 250))) }) });
  const box = fillPanel(`Profile: ${number(found.length_m / 1000, 2)} km, ${count(found.n)} points${marked}`, [
    el("label", {}, "width [m] ", width), el("label", { title: "Displacement between two dates, instead of velocity" }, "from ", date("from"), " to ", date("to")),
    el("a", { className: "button", textContent: "CSV", download: "profile.csv", href: link("profile", { ...asked, format: "csv" }) }),
  ], [], () => set({ line: "" }));
  byId("readout").replaceChildren(...viewingsOf(found.columns).map((name, i) => el("span", { className: "key" }, el("i", { className: `swatch ${i % 2 ? "" : "open"}`, style: { background: i % 2 ? SERIES[i] : "#fff", "border-color": SERIES[i] } }), name)), "shaded: height");
  if (found.n) keepChart(profileChart(box, found.columns, found.length_m));
  else box.append(el("p", { className: "none", textContent: "No points beside this line that pass the filters." }));
  counted("profile");
}
