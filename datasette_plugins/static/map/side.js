// One side of the map: a layer, the question it asks, its colours. Without a swipe there is only one.

import { ask, forget } from "./api.js";
import { CLASS_NAMES, colouring } from "./colours.js";
import { counted, number, words } from "./dom.js";
import { pointLayer } from "./layer.js";
import { filtersOf, state } from "./state.js";
import { View } from "./view.js";

const OVERVIEW = 12; // up to this zoom points would lie on each other: cells tell more, and of all
const MARGIN = 0.12; // asked for around the view

export const boxOf = (bounds) =>
  [Math.max(-180, bounds.getWest()), Math.max(-85, bounds.getSouth()), Math.min(180, bounds.getEast()), Math.min(85, bounds.getNorth())];
export const written = (box) => box.map((v) => v.toFixed(6));

export class Side {
  // overrides(): what this side shows otherwise than the state says
  constructor(L, map, info, name, overrides, failed) {
    Object.assign(this, { map, info, name, overrides, failed, question: null });
    this.layer = new (pointLayer(L))(`points-${name}`);
    this.layer.addTo(map);
  }

  get seen() {
    return { ...state, ...this.overrides() };
  }

  remove() {
    forget(this.name);
    this.layer.remove();
  }

  asked() {
    return filtersOf(this.seen);
  }

  // Asks for what is in view, unless it is here already.
  async load() {
    const { map, layer, seen } = this;
    const started = performance.now();
    const asked = { ...this.columns(seen), ...this.asked(), ...(map.getZoom() <= OVERVIEW && !seen.product.length ? { kind: "cells" } : {}) };
    const question = JSON.stringify(asked);
    if (layer.view && this.question === question && layer.view.covers(boxOf(map.getBounds()))) {
      forget(this.name);
      return;
    }
    const bounds = boxOf(map.getBounds().pad(MARGIN));
    try {
      const width = Math.min(8192, Math.round(map.getSize().x * (1 + 2 * MARGIN)));
      const found = await ask("viewport", { bbox: written(bounds), width, format: "arrow", ...asked }, { kind: this.name, arrow: true });
      if (!found) return;
      const fade = layer.view && layer.view.kind + layer.view.about.zoom !== found.about.kind + found.about.zoom;
      this.question = question;
      layer.paint = paintOf(seen);
      layer.setView(new View(found, bounds, seen.colour), fade);
      counted("loaded", performance.now() - started);
    } catch (error) {
      this.failed(error);
    }
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
