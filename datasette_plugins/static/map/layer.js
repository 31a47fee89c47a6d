// The one layer of points: typed arrays in, pixels out, on one canvas. No object for a point.

import { counted } from "./dom.js";
import { blocks, stamps } from "./stamps.js";

const PAD = 0.12; // of the view on each side, as far as data are asked for, so that a small pan shows no bare edge
const TILE = 256;

export function pointLayer(L) {
  return L.Layer.extend({
    initialize(name = "points") {
      this._name = name;
      this.view = null;
      this.paint = null;
      this.size = 1;
      this.labels = false;
    },

    onAdd(map) {
      this._map = map;
      this.pane = map.getPane(this._name) ?? map.createPane(this._name);
      this.pane.style.zIndex = 450;
      this.pane.style.pointerEvents = "none";
      this.canvas = this._newCanvas();
    },

    onRemove() {
      this.pane.replaceChildren();
    },

    getEvents() {
      return { zoomanim: this._zooms, moveend: this._moved, viewreset: this.redraw, resize: this.redraw };
    },

    _newCanvas() {
      const canvas = L.DomUtil.create("canvas", "points leaflet-zoom-animated", this.pane);
      canvas.setAttribute("aria-hidden", "true");
      return canvas;
    },

    _zooms(e) {
      if (!this._bounds) return;
      const place = this._map._latLngBoundsToNewLayerBounds(this._bounds, e.zoom, e.center).min;
      L.DomUtil.setTransform(this.canvas, place, this._map.getZoomScale(e.zoom, this._zoom));
    },

    // A panned canvas moves along and reaches as far as its data do: who loads more draws anew.
    _moved() {
      if (this._map.getZoom() !== this._zoom) this.redraw();
    },

    // New data fade in over the old ones, so that overviews turn into points.
    setView(view, fade) {
      this.view = view;
      if (fade) {
        const before = this.canvas;
        this.canvas = this._newCanvas();
        before.classList.add("leaving");
        setTimeout(() => before.remove(), 220);
      }
      this.redraw();
    },

    redraw() {
      const { view, paint, _map: map } = this;
      if (!map || !view || !paint) return;
      const started = performance.now();
      const ratio = Math.min(window.devicePixelRatio || 1, 2);
      const size = map.getSize();
      const pad = size.multiplyBy(PAD).round();
      const topLeft = map.containerPointToLayerPoint([-pad.x, -pad.y]).round();
      const [w, h] = [size.x + 2 * pad.x, size.y + 2 * pad.y];
      L.DomUtil.setTransform(this.canvas, topLeft, 1);
      this._bounds = L.latLngBounds(map.layerPointToLatLng(topLeft), map.layerPointToLatLng(topLeft.add([w, h])));
      this._zoom = map.getZoom();
      const { canvas } = this;
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
      canvas.style.width = `${w}px`;
      canvas.style.height = `${h}px`;
      this._place(topLeft, ratio);
      this._draw(canvas.getContext("2d"), ratio);
      counted("drawn", performance.now() - started);
      this.fire("drawn");
    },

    // Pixels of all points: sx, sy on the canvas; NaN outside.
    _place(topLeft, ratio) {
      const { view, _map: map } = this;
      const world = TILE * 2 ** this._zoom;
      const origin = map.getPixelOrigin().add(topLeft);
      this.sx = new Float32Array(view.n);
      this.sy = new Float32Array(view.n);
      for (let i = 0; i < view.n; i += 1) {
        this.sx[i] = (view.x[i] * world - origin.x) * ratio;
        this.sy[i] = (view.y[i] * world - origin.y) * ratio;
      }
      this._ratio = ratio;
      this._origin = topLeft;
    },

    radius() {
      const { view, _map: map } = this;
      if (view.kind === "points") {
        const zoom = map.getZoom();
        return this.size * (zoom >= 17 ? 6 : zoom >= 15 ? 4.6 : zoom >= 13 ? 3.4 : 2.6);
      }
      const metres = (40_075_017 * Math.cos((map.getCenter().lat * Math.PI) / 180)) / (TILE * 2 ** map.getZoom());
      // A grid is ground: its cells are as large as they are. Those of an overview stand for points.
      if (view.kind === "grid") return Math.max(1.5, view.about.cell_m / metres / 2);
      return this.size * Math.max(2.2, Math.min(7, (view.about.cell_m / metres) * 0.46));
    },

    _draw(context, ratio) {
      const { view, paint, sx, sy } = this;
      const { width, height } = context.canvas;
      const image = context.createImageData(width, height);
      const symbols = view.kind === "grid" ? blocks : stamps;
      const draw = symbols(image, this.radius() * ratio, paint.colours);
      const hasExtremes = (view.kind === "cells" && view.field === "velocity_mm_yr") || (view.kind === "grid" && view.about.cell_m > 100);
      const dot = hasExtremes && symbols(image, this.radius() * ratio * 0.5, paint.colours);
      for (const i of this._order()) {
        if (!(sx[i] >= 0 && sy[i] >= 0 && sx[i] < width && sy[i] < height)) continue;
        const colour = paint.index(view.value[i]);
        draw(view.viewing[i], sx[i], sy[i], colour);
        if (dot) {
          const extreme = paint.index(view.strongest(i));
          if (Math.abs(extreme - colour) > 80) dot(view.viewing[i], sx[i], sy[i], extreme);
        }
      }
      context.putImageData(image, 0, 0);
      if (this.labels) this._label(context, ratio);
    },

    // The strongest last, on top: sorted by counting.
    _order() {
      const { view, paint } = this;
      if (this._ordered?.view === view && this._ordered.paint === paint) return this._ordered.order;
      const heads = new Uint32Array(258);
      const keys = new Uint8Array(view.n);
      for (let i = 0; i < view.n; i += 1) {
        keys[i] = paint.strength(paint.index(view.value[i]));
        heads[keys[i] + 1] += 1;
      }
      for (let k = 1; k < 258; k += 1) heads[k] += heads[k - 1];
      const order = new Uint32Array(view.n);
      for (let i = 0; i < view.n; i += 1) order[heads[keys[i]]++] = i;
      this._ordered = { view, paint, order };
      return order;
    },

    // Values beside points, as many as there is room for: the map is readable without colour.
    _label(context, ratio) {
      const { view, paint, sx, sy } = this;
      const taken = [];
      const [w, h] = [9 * ratio, 13 * ratio];
      context.font = `${11 * ratio}px system-ui, sans-serif`;
      context.lineWidth = 3 * ratio;
      context.strokeStyle = "rgba(255,255,255,0.9)";
      context.fillStyle = "#1c2733";
      const order = this._order();
      for (let k = order.length - 1; k >= 0 && taken.length < 300; k -= 1) {
        const i = order[k];
        if (!(sx[i] > 0 && sy[i] > 0 && sx[i] < context.canvas.width && sy[i] < context.canvas.height)) continue;
        const text = paint.text(view.value[i]);
        const [x, y] = [sx[i] + (this.radius() + 2) * ratio, sy[i] + 4 * ratio];
        const wide = w + 6.2 * ratio * text.length;
        if (taken.some(([tx, ty, tw]) => Math.abs(ty - y) < h && x < tx + tw && tx < x + wide)) continue;
        taken.push([x, y, wide]);
        context.strokeText(text, x, y);
        context.fillText(text, x, y);
      }
    },

    // The point nearest to a place of the map's container, within some pixels; -1 for none.
    nearest(place, within) {
      if (!this.view || !this.sx) return -1;
      const at = this._map.containerPointToLayerPoint(place).subtract(this._origin).multiplyBy(this._ratio);
      let found = -1;
      let least = (Math.max(within, this.radius()) * this._ratio) ** 2;
      for (let i = 0; i < this.view.n; i += 1) {
        const d = (this.sx[i] - at.x) ** 2 + (this.sy[i] - at.y) ** 2;
        if (d < least) [found, least] = [i, d];
      }
      return found;
    },
  });
}
