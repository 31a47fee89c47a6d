// The page: puts the map, its layer, controls, search and panel together.

import { ask, link, onTraffic } from "./api.js";
import { Areas, loadArea } from "./areas.js";
import { addBasemap } from "./basemap.js";
import { CLASS_NAMES, FIELDS, SERIES } from "./colours.js";
import { byId, count, counted, el, number, plusMinus, words } from "./dom.js";
import { firstViewing, showControls } from "./filters.js";
import { showLegend } from "./legend.js";
import { closePanel, drawSeries, nearestOfEach, showSeries } from "./panel.js";
import { outlinesOf } from "./outlines.js";
import { Pace } from "./pace.js";
import { setUpSearch } from "./search.js";
import { Drawing, showArea, showPolygon, showProfile } from "./shapes.js";
import { Anchor } from "./anchor.js";
import { Side, boxOf, written } from "./side.js";
import { Film } from "./film.js";
import { FILTERS, filters, on, set, state } from "./state.js";
import { Line, overridesOf, swipeChoices } from "./swipe.js";
import { VIEWINGS } from "./view.js";

const L = await import(document.body.dataset.leaflet);
const phone = matchMedia("(max-width: 720px)");

function failed(error) {
  const box = byId("error");
  box.replaceChildren(el("span", { textContent: error.message ?? String(error) }), el("button", { type: "button", textContent: "×", "aria-label": "Close", onclick: () => { box.hidden = true; } }));
  box.hidden = false;
  counted("errors");
}

async function known() {
  try {
    const [about, { products }] = await Promise.all([ask("info", {}), ask("products", {})]);
    return { ...about, products };
  } catch (error) {
    failed(error);
    throw error;
  }
}

const info = await known();
const best = info.datasets.filter((d) => d.release === info.datasets.at(-1).release).sort((a, b) => ["L2b", "L3", "L2a"].indexOf(a.level) - ["L2b", "L3", "L2a"].indexOf(b.level))[0];
if (!state.level) set({ viewing: state.viewing.length ? state.viewing : firstViewing(info, state.release || best.release, best.level) });
set({ release: state.release || best.release, level: state.level || best.level });
if (!swipeChoices(info).some(([value]) => value === state.swipe)) set({ swipe: "" });

const map = L.map("map", { minZoom: 3, maxZoom: 19, zoomControl: false, worldCopyJump: false, preferCanvas: true, maxBounds: [[-85, -180], [85, 180]] });
L.control.zoom({ position: "topright" }).addTo(map);
L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
map.attributionControl.setPrefix(false).addAttribution(document.body.dataset.attribution);
function showAll() {
  const [w, s, e, n] = info.bbox;
  map.fitBounds([[s, w], [n, e]], { animate: false, paddingTopLeft: phone.matches ? [10, 10] : [200, 20], paddingBottomRight: [20, 20] });
}
if (![state.lat, state.lon, state.zoom].includes(null)) map.setView([state.lat, state.lon], state.zoom);
else showAll();
// Before the layers' own listeners, so that the question is on its way while they draw.
const pace = new Pace((since) => load(since));
map.on("moveend", () => {
  const { lat, lng } = map.getCenter();
  set({ lat: Number(lat.toFixed(5)), lon: Number(lng.toFixed(5)), zoom: map.getZoom() });
  pace.moved();
  areas.load();
});
addBasemap(L, map).catch(failed);

map.createPane("marks").style.zIndex = 460;
map.getPane("marks").style.pointerEvents = "none";
const above = { pane: "marks", renderer: L.svg({ pane: "marks" }), interactive: false };
const marks = L.layerGroup().addTo(map);
const drawing = new Drawing(L, map, above);
const areas = new Areas(L, map, failed);
const anchor = new Anchor(L, map, above);
const showOutlines = outlinesOf(L, map, above, info.products);

// What is in view: one side, or two with a line between them.
const sides = { left: new Side(L, map, info, "left", () => overridesOf("left"), failed), right: null };
const line = new Line(map, () => sides);
const both = () => [sides.left, sides.right].filter(Boolean);
const film = new Film(map, sides.left, failed);
async function load(since) {
  await Promise.all([film.open ? film.load() : sides.left.load(since), sides.right?.load(since)]);
  if (sides.right && !film.open) await Promise.all(both().map((side) => side.follow()));
}

function legends() {
  const parts = sides.right ? [[0, state.at], [state.at, 1]] : [[0, 1]];
  byId("legend-right").hidden = !sides.right;
  both().forEach((side, i) => showLegend(byId(i ? "legend-right" : "legend"), side.layer, !i && film.open ? film.shown : side.seen, parts[i]));
}

function swipe() {
  sides.right?.remove();
  sides.right = state.swipe ? new Side(L, map, info, "right", () => overridesOf("right"), failed) : null;
  sides.left.other = sides.right;
  if (sides.right) sides.right.other = sides.left;
  sides.right?.layer.on("drawn", legends).on("lost", showAll);
  line.place();
  return load();
}

sides.left.layer.on("drawn", legends).on("lost", showAll);
onTraffic((running) => document.body.classList.toggle("busy", running > 0));

// Pointing and choosing.
const sideAt = (place) => (sides.right && place.x > state.at * map.getSize().x ? sides.right : sides.left);
map.on("mousemove", (e) => {
  const { layer } = sideAt(e.containerPoint);
  const i = drawing.kind ? -1 : layer.nearest(e.containerPoint, 8);
  map.getContainer().classList.toggle("over", i >= 0 || (!drawing.kind && Boolean(areas.at(e.latlng))));
  const box = byId("hover");
  box.hidden = i < 0;
  if (i < 0) return;
  box.replaceChildren(...about(layer, i).map((text) => el("div", { textContent: text })));
  const size = map.getSize();
  box.style.left = `${Math.min(e.containerPoint.x + 14, size.x - box.offsetWidth - 6)}px`;
  box.style.top = `${Math.min(e.containerPoint.y + 14, size.y - box.offsetHeight - 6)}px`;
});
map.on("mouseout", () => { byId("hover").hidden = true; });

function about({ view }, i) {
  if (view.kind === "grid") return aboutCell(view, i);
  const field = FIELDS[view.field];
  const said = (value) => (field.categories ? words(CLASS_NAMES[value]) : `${number(value, field.digits, field.signed)} ${field.unit}`);
  const more = field.categories || view.field === "velocity_mm_yr" ? [] : [`velocity ${number(view.velocity[i], 1, true)} mm/yr`];
  if (view.kind === "points") return [`${field.label}: ${said(view.value[i])}`, ...more, `${words(CLASS_NAMES[view.class[i]])}, ${VIEWINGS[view.viewing[i]]}`];
  return [`${count(view.n_points[i])} points, ${VIEWINGS[view.viewing[i]]}`, `${field.label}, ${field.categories ? "of most" : "mean"}: ${said(view.value[i])}`,
    `from ${number(view.slowest[i], 1, true)} to ${number(view.fastest[i], 1, true)} mm/yr`, "click: the strongest mover"];
}

function aboutCell(view, i) {
  const of = (name) => view.column(name)[i];
  const part = (name) => `${name} ${plusMinus(of(`velocity_${name}_mm_yr`), of(`velocity_${name}_sigma_mm_yr`))} mm/yr`;
  const n = of("n_cells");
  return [part("up"), part("east"), `${count(of("n_ascending"))} ascending, ${count(of("n_descending"))} descending points${n > 1 ? ` in ${n} cells of 100 m` : ""}`];
}

let clicked; // when, and where
let pointed;
map.on("click", (e) => {
  if (drawing.kind) return;
  const side = sideAt(e.containerPoint);
  const { layer } = side;
  const i = layer.nearest(e.containerPoint, phone.matches ? 18 : 11);
  if (i < 0) {
    const area = areas.at(e.latlng);
    if (area) areas.choose(area);
    return;
  }
  if (layer.view.kind === "grid") {
    pointsOf(layer.view, i).catch(failed);
    return;
  }
  clicked = performance.now();
  choose(side, i, e.originalEvent.shiftKey || e.originalEvent.ctrlKey).catch(failed);
});

async function choose(side, i, isFurther) {
  const place = side.layer.view.place(i);
  const pid = await side.pid(i);
  if (pid) pointed = place;
  if (pid) set({ pid: isFurther ? [...state.pid.filter((each) => each !== pid), pid].slice(-SERIES.length) : [pid], polygon: "", line: "", area: "" });
}

// A cell of east and up has no series of its own: it shows the nearest point of each geometry.
async function pointsOf(view, i) {
  const pids = await nearestOfEach({ latitude: view.latitude(i), longitude: view.longitude(i) }, view.about.cell_m * Math.SQRT1_2);
  if (pids.length) set({ pid: pids, polygon: "", line: "", area: "" });
  else byId("status").textContent = "No single points of this cell are in the lake's chosen level";
}

async function panel() {
  try {
    drawing.show();
    const area = state.pid.length || state.polygon || state.line ? null : await loadArea();
    if (!area) areas.mark(null);
    else areas.mark(area, () => { showArea(area); map.invalidateSize({ animate: false }); }, !phone.matches);
    if (area) clicked = undefined;
    else if (state.pid.length) await showSeries(clicked);
    else if (state.polygon) await showPolygon();
    else if (state.line) await showProfile();
    else closePanel();
    clicked = undefined;
    await mark();
  } catch (error) {
    failed(error);
  } finally {
    map.invalidateSize({ animate: false });
    // The panel leaves less of the map: what was clicked on stays in it, what hovered over it goes.
    byId("hover").hidden = true;
    if (pointed) map.panInside(pointed, { paddingTopLeft: [40, 40], paddingBottomRight: [40, 50], animate: false });
    pointed = undefined;
  }
}

// Another reference: marked on the map, and in its colours.
async function relate() {
  try {
    await anchor.show();
    await Promise.all(both().map((side) => side.relate()));
    counted("related");
  } catch (error) {
    failed(error);
  }
}

// A ring around each chosen point, in the colour of its series.
async function mark() {
  marks.clearLayers();
  if (!state.pid.length) return;
  const found = await ask("point", { pid: state.pid, release: state.release, level: state.level }, { kind: "marks" });
  found?.points.forEach((p, k) => {
    const at = [p.latitude, p.longitude];
    L.circleMarker(at, { ...above, radius: 10, color: "#fff", weight: 6, fill: false }).addTo(marks);
    L.circleMarker(at, { ...above, radius: 10, color: SERIES[k % SERIES.length], weight: 3, fill: false }).addTo(marks);
  });
}

// Who follows which part of the state.
on([...FILTERS, "colour", "show", "component"], () => load());
on([...FILTERS, "areas"], () => areas.load());
on(["ramp", "range"], () => both().forEach((side) => side.recolour()));
on(["size", "labels"], () => both().forEach((side) => side.look()));
on(["swipe"], swipe);
on(["at"], () => { line.place(); legends(); });
on(["outlines", "release", "level"], showOutlines);
on(["pid", "reference", "area"], panel);
on(["reference"], relate);
on(["polygon", "line", "width", "from", "to"], () => { if (!state.pid.length) panel(); });
on(FILTERS, () => { if (!state.pid.length && (state.polygon || state.line)) panel(); });
on(["season", "model", "corrected"], drawSeries);
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
  tool("Film", "Displacement over time of what is in view (T)", () => (film.open ? film.end() : film.load())),
  tool("Copy link", "A link to all that you see (C)", copy),
  tool("Points as CSV", "Whole rows of the points in view that pass the filters", () => { location.href = link("download", { bbox: written(boxOf(map.getBounds())), ...filters(), format: "csv" }); }),
]);

setUpSearch((match) => {
  if (match.bbox) map.fitBounds([[match.bbox[1], match.bbox[0]], [match.bbox[3], match.bbox[2]]]);
  else map.setView([match.latitude, match.longitude], Math.max(map.getZoom(), 16));
  if (match.pid) set({ pid: [match.pid] });
  if (match.area || match.subarea) {
    const kind = match.area ? "area" : "subarea";
    set({ release: match.release, level: match.level, areas: `${kind}s`, area: `${kind}:${match[kind]}`, pid: [], polygon: "", line: "" });
  }
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
const KEYS = { p: () => drawing.start("polygon"), r: () => drawing.start("line"), c: copy, t: () => (film.open ? film.end() : film.load()), l: flip("labels"), o: flip("outlines"), a: () => set({ areas: state.areas || !info.tables.areas?.rows ? "" : "areas" }), s: flip("season"), m: flip("model"),
  f: () => byId("toggle-controls").click(), "/": () => byId("search").elements.q.focus(), Enter: () => drawing.kind && drawing.finish(),
  Escape: () => (drawing.kind ? drawing.stop() : film.open ? film.end() : set({ pid: [], polygon: "", line: "", area: "" })) };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  if (event.key === "Enter" && event.target.tagName === "BUTTON") return;
  const act = KEYS[event.key];
  if (act) { event.preventDefault(); act(); }
});

showOutlines();
areas.load();
await swipe();
if (state.reference) await relate();
if (state.film) await film.load(state.film);
both().forEach((side) => side.look());
await panel();
counted("ready");
