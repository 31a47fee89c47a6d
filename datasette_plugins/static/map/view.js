// What the map shows now: points, or cells of an overview, as typed arrays.

import { CLASS_NAMES } from "./colours.js";

export const VIEWINGS = ["ascending", "descending", "up", "east"];

const mercatorY = (latitude) => {
  const s = Math.sin((latitude * Math.PI) / 180);
  return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
};

export class View {
  // table: of viewport; about: what its metadata says; bounds: asked for; field: the coloured column
  constructor({ table, about }, bounds, field) {
    this.about = about;
    this.bounds = bounds;
    this.kind = about.kind;
    this.n = table.numRows;
    this.field = field;
    this.table = table;
    const lon = table.getChild("longitude").toArray();
    const lat = table.getChild("latitude").toArray();
    this.x = new Float64Array(this.n);
    this.y = new Float64Array(this.n);
    for (let i = 0; i < this.n; i += 1) {
      this.x[i] = lon[i] * about.degrees / 360 + 0.5;
      this.y[i] = mercatorY(lat[i] * about.degrees);
    }
    this.viewing = this.codes("viewing", VIEWINGS);
    this.class = this.codes("class", CLASS_NAMES);
    this.velocity = table.getChild("velocity_mm_yr").toArray();
    this.value = field === "class" ? this.class : table.getChild(field).toArray();
    if (this.kind === "cells") {
      this.n_points = table.getChild("n_points").toArray();
      this.slowest = table.getChild("velocity_min_mm_yr").toArray();
      this.fastest = table.getChild("velocity_max_mm_yr").toArray();
    }
  }

  codes(name, words) {
    const out = new Uint8Array(this.n);
    const column = this.table.getChild(name);
    if (!column) return out;
    const code = new Map(words.map((word, i) => [word, i]));
    const texts = column.toArray();
    for (let i = 0; i < this.n; i += 1) out[i] = code.get(texts[i]) ?? words.length - 1;
    return out;
  }

  get total() {
    return this.kind === "points" ? this.n : this.n_points.reduce((sum, n) => sum + n, 0);
  }

  // A cell's strongest mover, up or down.
  strongest(i) {
    return Math.abs(this.slowest[i]) > Math.abs(this.fastest[i]) ? this.slowest[i] : this.fastest[i];
  }

  pid(i) {
    if (this.kind === "points") return this.table.getChild("pid").at(i);
    const which = Math.abs(this.slowest[i]) > Math.abs(this.fastest[i]) ? "min" : "max";
    return this.table.getChild(`velocity_${which}_pid`).at(i);
  }

  // Whether a box of the same question needs no new one: all its points are here.
  covers(box) {
    const [w, s, e, n] = this.bounds;
    return this.kind === "points" && box[0] >= w && box[1] >= s && box[2] <= e && box[3] <= n;
  }
}
