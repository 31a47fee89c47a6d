// The page: puts the map, its layer, controls, search and panel together.

import { ask, forget, link, onTraffic } from "./api.js";
import { addBasemap } from "./basemap.js";
import { CLASS_NAMES, FIELDS, SERIES, colouring } from "./colours.js";
import { byId, count, counted, el, number, words } from "./dom.js";
import { showControls } from "./filters.js";
import { showLegend } from "./legend.js";
import { pointLayer } from "./layer.js";
import { closePanel, drawSeries, showSeries } from "./panel.js";
import { setUpSearch } from "./search.js";
import { Drawing, showPolygon, showProfile } from "./shapes.js";
import { FILTERS, filters, on, set, state } from "./state.js";
import { VIEWINGS, View } from "./view.js";

const L = await import(document.body.dataset.leaflet);
const phone = matchMedia("(max-width: 720px)");

function failed(error) {
  const box = byId("error");
  box.replaceChildren(el("span", { textContent: error.message ?? String(error) }), el("button", { type: "button", textContent: "×", "aria-label": "Close", onclick: () => { box.hidden = true; } }));
  box.hidden = false;
  counted("errors");
}

const info = { ...(await ask("info", {})), products: (await ask("products", {})).products };
const best = info.datasets.filter((d) => d.release === info.datasets.at(-1).release).sort((a, b) => ["L2b", "L3", "L2a"].indexOf(a.level) - ["L2b", "L3", "L2a"].indexOf(b.level))[0];
set({ release: state.release || best.release, level: state.level || best.level });

const map = L.map("map", { minZoom: 3, maxZoom: 19, zoomControl: false, worldCopyJump: false, preferCanvas: true, maxBounds: [[-85, -180], [85, 180]] });
L.control.zoom({ position: "topright" }).addTo(map);
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
map.attributionControl.setPrefix(false).addAttribution(document.body.dataset.attribution);
const layer = new (pointLayer(L))();
layer.size = state.size;
layer.labels = state.labels;
if (state.lat !== null && state.zoom !== null) map.setView([state.lat, state.lon], state.zoom);
else {
  const [w, s, e, n] = info.bbox;
  map.fitBounds([[s, w], [n, e]], { animate: false });
}
layer.addTo(map);
addBasemap(L, map).catch(failed);

const marks = L.layerGroup().addTo(map);
const outlines = L.layerGroup().addTo(map);
const drawing = new Drawing(L, map);

// What is in view.
let question = null;
const boxOf = (bounds) => [Math.max(-180, bounds.getWest()), Math.max(-85, bounds.getSouth()), Math.min(180, bounds.getEast()), Math.min(85, bounds.getNorth())];

async function load() {
  const started = performance.now();
  const needed = JSON.stringify([state.colour, filters()]);
  if (layer.view && question === needed && layer.view.covers(boxOf(map.getBounds()))) {
    forget("viewport");
    return;
  }
  const bounds = boxOf(map.getBounds().pad(0.12));
  const field = state.colour;
  const held = info.tables.overviews?.columns ?? {};
  const counts = field === "class" ? CLASS_NAMES.map((name) => `n_${name}`).filter((name) => name in held) : [];
  const columns = ["class", field].filter((name) => name in info.tables.points.columns).concat(counts);
  try {
    const found = await ask("viewport", { bbox: bounds.map((v) => v.toFixed(6)), width: Math.min(8192, Math.round(map.getSize().x * 1.24)), columns: [...new Set(columns)], format: "arrow", ...filters() }, { arrow: true });
    if (!found) return;
    const fade = layer.view && layer.view.kind + layer.view.about.zoom !== found.about.kind + found.about.zoom;
    question = needed;
    layer.paint = colour();
    layer.setView(new View(found, bounds, field), fade);
    byId("error").hidden = true;
    counted("loaded", performance.now() - started);
  } catch (error) {
    failed(error);
  }
}

function colour() {
  const paint = colouring(state);
  const { field } = paint;
  paint.text = field.categories ? (code) => words(CLASS_NAMES[code]) : (value) => number(value, field.digits, field.signed);
  return paint;
}

let waiting;
map.on("moveend", () => {
  const { lat, lng } = map.getCenter();
  set({ lat: Number(lat.toFixed(5)), lon: Number(lng.toFixed(5)), zoom: map.getZoom() });
  clearTimeout(waiting);
  waiting = setTimeout(load, 60);
});
layer.on("drawn", () => showLegend(layer));
onTraffic((running) => document.body.classList.toggle("busy", running > 0));

// Pointing and choosing.
map.on("mousemove", (e) => {
  const i = drawing.kind ? -1 : layer.nearest(e.containerPoint, 8);
  map.getContainer().classList.toggle("over", i >= 0);
  const box = byId("hover");
  box.hidden = i < 0;
  if (i < 0) return;
  box.replaceChildren(...about(i).map((text) => el("div", { textContent: text })));
  const size = map.getSize();
  box.style.left = `${Math.min(e.containerPoint.x + 14, size.x - box.offsetWidth - 6)}px`;
  box.style.top = `${Math.min(e.containerPoint.y + 14, size.y - box.offsetHeight - 6)}px`;
});
map.on("mouseout", () => { byId("hover").hidden = true; });

function about(i) {
  const { view } = layer;
  const field = FIELDS[state.colour];
  const said = (value) => (field.categories ? words(CLASS_NAMES[value]) : `${number(value, field.digits, field.signed)} ${field.unit}`);
  const more = field.categories || view.field === "velocity_mm_yr" ? [] : [`velocity ${number(view.velocity[i], 1, true)} mm/yr`];
  if (view.kind === "points") return [`${field.label}: ${said(view.value[i])}`, ...more, `${words(CLASS_NAMES[view.class[i]])}, ${VIEWINGS[view.viewing[i]]}`];
  return [`${count(view.n_points[i])} points, ${VIEWINGS[view.viewing[i]]}`, `${field.label}, ${field.categories ? "of most" : "mean"}: ${said(view.value[i])}`,
    `from ${number(view.slowest[i], 1, true)} to ${number(view.fastest[i], 1, true)} mm/yr`, "click: the strongest mover"];
}

let clicked;
map.on("click", (e) => {
  if (drawing.kind) return;
  const i = layer.nearest(e.containerPoint, phone.matches ? 18 : 11);
  if (i < 0) return;
  clicked = performance.now();
  const pid = layer.view.pid(i);
  const more = e.originalEvent.shiftKey || e.originalEvent.ctrlKey;
  set({ pid: more ? [...state.pid.filter((each) => each !== pid), pid].slice(-SERIES.length) : [pid], polygon: "", line: "" });
});

async function panel() {
  try {
    drawing.show();
    if (state.pid.length) await showSeries(clicked);
    else if (state.polygon) await showPolygon();
    else if (state.line) await showProfile();
    else closePanel();
    clicked = undefined;
    await mark();
  } catch (error) {
    failed(error);
  } finally {
    map.invalidateSize({ animate: false });
  }
}

// A ring around each chosen point, in the colour of its series.
async function mark() {
  marks.clearLayers();
  if (!state.pid.length) return;
  const found = await ask("point", { pid: state.pid, release: state.release, level: state.level }, { kind: "marks" });
  found?.points.forEach((p, k) => {
    const at = [p.latitude, p.longitude];
    L.circleMarker(at, { radius: 10, color: "#fff", weight: 5, fill: false, interactive: false }).addTo(marks);
    L.circleMarker(at, { radius: 10, color: SERIES[k % SERIES.length], weight: 3, fill: false, interactive: false }).addTo(marks);
  });
}

function showOutlines() {
  outlines.clearLayers();
  if (!state.outlines) return;
  for (const p of info.products.filter((each) => each.release === state.release && each.level === state.level)) {
    const corners = p.outline.map(([lon, lat]) => [lat, lon]);
    L.polygon(corners, { color: "#31475a", weight: 1.5, dashArray: p.viewing === "descending" ? "6 4" : null, fill: false, interactive: false })
      .bindTooltip(el("span", { textContent: `${p.product}, ${p.viewing}` }), { permanent: true, className: "product", direction: "center" }).addTo(outlines);
  }
}

// Who follows which part of the state.
on([...FILTERS, "colour"], load);
on(["ramp", "range"], () => { layer.paint = colour(); layer.redraw(); });
on(["size", "labels"], () => { layer.size = state.size; layer.labels = state.labels; layer.redraw(); });
on(["outlines", "release", "level"], showOutlines);
on(["pid", "reference"], panel);
on(["polygon", "line", "width", "from", "to"], () => { if (!state.pid.length) panel(); });
on(FILTERS, () => { if (!state.pid.length && (state.polygon || state.line)) panel(); });
on(["season", "model"], drawSeries);
on(["lat", "lon", "zoom"], () => {
  const there = map.getCenter();
  if (Math.abs(there.lat - state.lat) > 2e-5 || Math.abs(there.lng - state.lon) > 2e-5 || map.getZoom() !== state.zoom) map.setView([state.lat, state.lon], state.zoom);
});

async function copy() {
  try {
    await navigator.clipboard.writeText(location.href);
    byId("status").textContent = "The link is copied; it holds all that you see";
  } catch {
    byId("status").textContent = "The address of this page is the link: it holds all that you see";
  }
  setTimeout(() => { byId("status").textContent = ""; }, 4000);
}

const tool = (text, title, onclick) => el("button", { type: "button", textContent: text, title, onclick });
showControls(info, [
  tool("Polygon", "Mean series of the points in a polygon (P)", () => drawing.start("polygon")),
  tool("Profile", "Velocity and height along a line (R)", () => drawing.start("line")),
  tool("Copy link", "A link to all that you see (C)", copy),
  tool("Points as CSV", "Whole rows of the points in view that pass the filters", () => { location.href = link("download", { bbox: boxOf(map.getBounds()).map((v) => v.toFixed(6)), ...filters(), format: "csv" }); }),
]);

setUpSearch((match) => {
  if (match.bbox) map.fitBounds([[match.bbox[1], match.bbox[0]], [match.bbox[3], match.bbox[2]]]);
  else map.setView([match.latitude, match.longitude], Math.max(map.getZoom(), 16));
  if (match.pid) set({ pid: [match.pid] });
  if (match.kind === "coordinates") L.popup({ closeButton: true }).setLatLng([match.latitude, match.longitude]).setContent(el("span", { textContent: match.label })).openOn(map);
}, failed);

function controls(open) {
  document.body.classList.toggle("no-controls", !open);
  byId("toggle-controls").setAttribute("aria-expanded", String(open));
  map.invalidateSize({ animate: false });
}
byId("toggle-controls").addEventListener("click", () => controls(document.body.classList.contains("no-controls")));
controls(!phone.matches);

const flip = (name) => () => set({ [name]: !state[name] });
const KEYS = { p: () => drawing.start("polygon"), r: () => drawing.start("line"), c: copy, l: flip("labels"), o: flip("outlines"), s: flip("season"), m: flip("model"),
  f: () => byId("toggle-controls").click(), "/": () => byId("search").elements.q.focus(), Enter: () => drawing.kind && drawing.finish(),
  Escape: () => (drawing.kind ? drawing.stop() : set({ pid: [], polygon: "", line: "" })) };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "Enter" && event.target.tagName === "BUTTON") return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

showOutlines();
await load();
await panel();
counted("ready");
