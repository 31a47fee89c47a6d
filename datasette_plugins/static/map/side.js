// One side of the map: a layer, the question it asks, its colours. Without a swipe there is only one.

import { ask, forget } from "./api.js";
import { CLASS_NAMES, colouring } from "./colours.js";
import { counted, number, words } from "./dom.js";
import { pointLayer } from "./layer.js";
import { filtersOf, state } from "./state.js";
import { shiftsOf } from "./reference.js";
import { AROUND_PIXELS, View } from "./view.js";

const OVERVIEW = 12; // up to this zoom points would lie on each other: cells tell more, and of all
const MARGIN = 0.12; // asked for around the view

export const boxOf = (bounds) =>
  [Math.max(-180, bounds.getWest()), Math.max(-85, bounds.getSouth()), Math.min(180, bounds.getEast()), Math.min(85, bounds.getNorth())];
export const written = (box) => box.map((v) => v.toFixed(6));

export class Side {
  // overrides(): what this side shows otherwise than the state says
  constructor(L, map, info, name, overrides, failed) {
    Object.assign(this, { map, info, name, overrides, failed, question: null, other: null, isFull: false });
    this.layer = new (pointLayer(L))(`points-${name}`);
    this.layer.addTo(map);
  }

  get seen() {
    const seen = { ...state, ...this.overrides() };
    return seen.show === "cells" ? { ...seen, colour: `velocity_${seen.component}_mm_yr` } : seen;
  }

  remove() {
    forget(this.name);
    this.layer.remove();
  }

  asked() {
    return filtersOf(this.seen);
  }

  // Asks for what is in view, unless it is here already; started: when the wish for it arose.
  async load(started = performance.now()) {
    const { map, layer, seen } = this;
    const [route, asked] = this.wanted(seen);
    const question = JSON.stringify([route, asked, seen.colour]);
    if (layer.view && this.question === question && layer.view.covers(boxOf(map.getBounds()))) {
      forget(this.name);
      layer.redraw();
      return;
    }
    const bounds = boxOf(map.getBounds().pad(MARGIN));
    try {
      const width = Math.min(8192, Math.round(map.getSize().x * (1 + 2 * MARGIN)));
      const found = await ask(route, { bbox: written(bounds), width, format: "arrow", ...asked }, { kind: this.name, arrow: true });
      const shifts = found && (await shiftsOf(seen));
      if (!found) return;
      const fade = layer.view && layer.view.kind + layer.view.about.zoom !== found.about.kind + found.about.zoom;
      this.question = question;
      if (asked.kind !== "cells") this.isFull = found.about.kind === "cells";
      layer.paint = paintOf(seen);
      const view = new View(found, bounds, seen.colour);
      view.shift(shifts);
      layer.setView(view, fade);
      counted("loaded", performance.now() - started);
    } catch (error) {
      this.failed(error);
    }
  }

  // Asks again where the other side's answer changes what this one must show.
  async follow() {
    const { seen } = this;
    if (this.question && this.question !== JSON.stringify([...this.wanted(seen), seen.colour])) await this.load();
  }

  // The route and what it is asked, apart from where.
  wanted(seen) {
    if (seen.show === "cells") return ["cells", { release: seen.release }];
    // Both sides of a swipe show cells where one must: points would look as if more moved there.
    const far = (this.map.getZoom() <= OVERVIEW || (this.other?.isFull && !this.isFull)) && !seen.product.length;
    return ["viewport", { movers: "none", ...this.columns(seen), ...this.asked(), ...(far ? { kind: "cells" } : {}) }];
  }

  // Follows another reference: only the colours change.
  async relate() {
    const { view } = this.layer;
    if (!view) return;
    view.shift(await shiftsOf(this.seen));
    this.layer.paint = paintOf(this.seen);
    if (view === this.layer.view) this.look();
  }

  // The pid of a point, or of a cell's strongest mover, which is asked for only now: it would be a third of an answer.
  async pid(i) {
    const { view } = this.layer;
    if (view.kind === "points") return view.pid(i);
    const question = { movers: "strongest", kind: "cells", format: "arrow", ...this.asked() };
    const found = await ask("viewport", { bbox: written(view.around(i)), width: AROUND_PIXELS, ...question }, { kind: "mover", arrow: true });
    if (!found) return null;
    const near = new View(found, null, "velocity_mm_yr");
    const k = near.x.findIndex((x, j) => x === view.x[i] && near.y[j] === view.y[i] && near.viewing[j] === view.viewing[i]);
    return k < 0 ? null : near.pid(k);
  }

  columns({ colour }) {
    const { points, overviews } = this.info.tables;
    const counts = colour === "class" ? CLASS_NAMES.map((name) => `n_${name}`).filter((name) => name in (overviews?.columns ?? {})) : [];
    return { columns: [...new Set(["class", colour])].filter((name) => name in points.columns).concat(counts) };
  }

  recolour() {
    if (!this.layer.view || this.layer.view.field !== this.seen.colour) return;
    this.layer.paint = paintOf(this.seen);
    this.look();
  }

  look() {
    this.layer.size = state.size;
    this.layer.labels = state.labels;
    this.layer.redraw();
  }
}

function paintOf(seen) {
  const paint = colouring(seen);
  const { field } = paint;
  paint.text = field.categories ? (code) => words(CLASS_NAMES[code]) : (value) => number(value, field.digits, field.signed);
  return paint;
}
