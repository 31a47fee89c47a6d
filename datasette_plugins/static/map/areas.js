// Moving areas and their parts: outlines with a tag that tells the velocity, a popup, and the series they have in common.

import { ask } from "./api.js";
import { CLASSES, SERIES } from "./colours.js";
import { byId, counted, el, number, plusMinus } from "./dom.js";
import { boxOf, written } from "./side.js";
import { set, state } from "./state.js";

const MOST = 1500; // in one view; the largest first
const KEY = { areas: "cluster", subareas: "subarea" };
const TAG = [60, 26]; // pixels of a tag, so that none covers another

// Rings of a polygon or multipolygon, as Leaflet's [latitude, longitude].
const rings = ({ type, coordinates }) => (type === "MultiPolygon" ? coordinates : [coordinates]).map((part) => part.map((ring) => ring.map(([lon, lat]) => [lat, lon])));

const isInside = ([lat, lon], ring) => ring.reduce((found, [y1, x1], i) => {
  const [y2, x2] = ring[(i + 1) % ring.length];
  return y1 > lat !== y2 > lat && lon < ((x2 - x1) * (lat - y1)) / (y2 - y1) + x1 ? !found : found;
}, false);

export class Areas {
  constructor(L, map, failed) {
    Object.assign(this, { L, map, failed, found: [], question: null, bounds: null });
    map.createPane("areas").style.zIndex = 455;
    map.createPane("chosen").style.zIndex = 457;
    for (const name of ["areas", "chosen"]) map.getPane(name).style.pointerEvents = "none";
    map.createPane("tags").style.zIndex = 465;
    this.drawn = { pane: "areas", renderer: L.canvas({ pane: "areas", padding: 0.3 }), interactive: false };
    this.drawnAbove = { ...this.drawn, pane: "chosen", renderer: L.svg({ pane: "chosen" }) };
    this.shapes = L.layerGroup().addTo(map);
    this.tags = L.layerGroup().addTo(map);
    this.chosen = L.layerGroup().addTo(map);
  }

  // Asks for the areas around what is in view, unless they are here already.
  async load() {
    if (!state.areas) {
      Object.assign(this, { found: [], question: null });
      this.draw();
      return;
    }
    const { release, level, viewing, class: classes, min_velocity_mm_yr, max_velocity_mm_yr } = state;
    const asked = { release, level, viewing, class: classes, min_velocity_mm_yr, max_velocity_mm_yr, limit: MOST, format: "geojson" };
    const question = JSON.stringify([state.areas, asked]);
    const view = this.map.getBounds();
    if (this.question !== question || !this.bounds.contains(view) || this.found.length === MOST) {
      try {
        const bounds = view.pad(1); // an area is found by its middle, which may lie outside of the view
        const answer = await ask(state.areas, { bbox: written(boxOf(bounds)), ...asked }, { kind: "areas" });
        if (!answer) return;
        this.found = answer.features.map(({ geometry, properties }) => ({ ...properties, name: properties[KEY[state.areas]], rings: rings(geometry) }));
        Object.assign(this, { question, bounds });
      } catch (error) {
        this.failed(error);
        return;
      }
    }
    this.draw();
    counted("areas");
  }

  draw() {
    this.shapes.clearLayers();
    this.tags.clearLayers();
    const taken = [];
    for (const area of this.found) {
      const isPart = state.areas === "subareas";
      const colour = isPart ? CLASSES[area.class] ?? "#31475a" : "#1c2733";
      const dash = area.viewing === "descending" || area.viewing === "east" ? "6 4" : null;
      this.L.polygon(area.rings, { ...this.drawn, color: "#fff", weight: 4, opacity: 0.85, fill: false }).addTo(this.shapes);
      this.L.polygon(area.rings, { ...this.drawn, color: colour, weight: 1.8, dashArray: dash, fillColor: colour, fill: isPart, fillOpacity: 0.12 }).addTo(this.shapes);
      this.tag(area, taken);
    }
  }

  // The velocity at an area's northern edge, where there is room for it.
  tag(area, taken) {
    const top = area.rings.flat(2).reduce((best, corner) => (corner[0] > best[0] ? corner : best));
    const at = this.map.latLngToContainerPoint(top);
    const size = this.map.getSize();
    if (at.x < 0 || at.y < 0 || at.x > size.x || at.y > size.y) return;
    if (taken.some((each) => Math.abs(each.x - at.x) < TAG[0] && Math.abs(each.y - at.y) < TAG[1])) return;
    taken.push(at);
    const text = el("span", { textContent: number(area.velocity_mm_yr, 1, true) });
    const icon = this.L.divIcon({ className: "tag", iconSize: null, html: text });
    const tag = this.L.marker(top, { icon, pane: "tags", title: `${area.name}: ${area.class}, ${area.n_points} points`, riseOnHover: true });
    tag.on("click", () => this.choose(area));
    tag.on("keydown", ({ originalEvent: { key } }) => key === "Enter" && this.choose(area));
    tag.addTo(this.tags);
  }

  // The smallest area that holds a place.
  at({ lat, lng }) {
    const holding = this.found.filter((area) => area.rings.some(([ring]) => isInside([lat, lng], ring)));
    return holding.sort((a, b) => a.area_m2 - b.area_m2)[0];
  }

  choose(area) {
    set({ area: `${state.areas.slice(0, -1)}:${area.name}`, pid: [], polygon: "", line: "" });
  }

  // The chosen one: a thick outline and, where there is room, a popup, until another or none is chosen.
  // settle() shows the panel, which leaves less of the map: the popup must find its place in what is left.
  mark(found, settle, hasRoom) {
    this.chosen.clearLayers();
    this.map.closePopup();
    if (!found) return;
    settle();
    const shape = rings(found.facts.outline);
    this.L.polygon(shape, { ...this.drawnAbove, color: "#fff", weight: 7, fill: false }).addTo(this.chosen);
    const drawn = this.L.polygon(shape, { ...this.drawnAbove, color: SERIES[0], weight: 3.5, fill: false }).addTo(this.chosen);
    const bounds = drawn.getBounds();
    if (!this.map.getBounds().contains(bounds.getCenter())) this.map.fitBounds(bounds, { maxZoom: 16, animate: false });
    if (!hasRoom) return;
    const beside = [bounds.getNorth(), bounds.getCenter().lng];
    this.L.popup({ className: "area", maxWidth: 320, autoPanPaddingTopLeft: [byId("legend").offsetWidth + 24, 24], autoPanPaddingBottomRight: [50, 24] }).setLatLng(beside).setContent(summary(found)).openOn(this.map);
  }
}

const QUALITY = ["reliable", "good", "fair", "mostly noise"];

// Names of what a popup and the panel say of an area, as [name, content]; columns that the lake lacks are left out.
export function rowsOf({ facts: f, units }) {
  const has = (name) => f[name] !== undefined && f[name] !== null;
  const velocity = (name, part) => has(name) && [part, `${plusMinus(f[name], f[name.replace("_mm_yr", "_sigma_mm_yr")], 1)} ${units[name] ?? "mm/yr"}`];
  return [
    ["class", [el("i", { className: "swatch", style: { background: CLASSES[f.class] ?? "#fff" } }), ` ${(f.class ?? "–").replaceAll("_", " ")}`]],
    ["points", number(f.n_points, 0)],
    velocity("velocity_mm_yr", f.viewing === "up" || f.viewing === "east" ? `velocity ${f.viewing}` : `velocity, ${f.viewing}`),
    has("velocity_min_mm_yr") && ["from, to", `${number(f.velocity_min_mm_yr, 1, true)} to ${number(f.velocity_max_mm_yr, 1, true)} mm/yr`],
    has("velocity_spread_mm_yr") && ["spread", `${number(f.velocity_spread_mm_yr, 1)} mm/yr`],
    velocity("velocity_east_mm_yr", "east"),
    velocity("velocity_up_mm_yr", "up"),
    has("last_year_change_mm_yr") && ["last year", `${number(f.last_year_change_mm_yr, 1, true)} mm/yr different`],
    has("temporal_coherence") && ["coherence", number(f.temporal_coherence, 2)],
    has("quality") && ["quality", `${f.quality} of 4, ${QUALITY[f.quality - 1] ?? ""}`],
    has("area_m2") && ["ground", f.area_m2 >= 1e6 ? `${number(f.area_m2 / 1e6, 2)} km²` : `${number(f.area_m2 / 1e4, 1)} ha`],
  ].filter(Boolean);
}

const nameOf = ({ kind, facts }) => facts[KEY[`${kind}s`]];

function summary(found) {
  const rows = rowsOf(found).filter(([name]) => !["coherence", "last year"].includes(name));
  return el("div", {}, el("b", { textContent: `${found.kind === "area" ? "Moving area" : "Part of a moving area"}` }), el("small", { textContent: nameOf(found) }),
    el("table", {}, rows.map(([name, content]) => el("tr", {}, el("th", { scope: "row", textContent: name }), el("td", {}, content)))));
}

// Asks for the chosen area; null where none is chosen or a later question took its place.
export async function loadArea() {
  const cut = state.area.indexOf(":");
  const [kind, name] = [state.area.slice(0, cut), state.area.slice(cut + 1)];
  if (!["area", "subarea"].includes(kind)) return null;
  byId("status").textContent = "";
  return ask("motion", { [kind]: name }, { kind: "motion" });
}
