// What the map shows now as typed arrays: points, cells of an overview, or a grid of east and up.

import { CLASS_NAMES } from "./colours.js";

export const VIEWINGS = ["ascending", "descending", "up", "east"];
const FINEST_GRID_M = 100;
const METRES_PER_DEGREE = 111_320;

// A box so many pixels wide, of which a cell has four at most, is answered with cells as large as those around which
// it was made: 12 of them are between 32 and 64 pixels.
export const AROUND_PIXELS = 64;
const AROUND_CELLS = [12, 0.5];

const mercatorY = (latitude) => {
  const s = Math.sin((latitude * Math.PI) / 180);
  return 0.5 - Math.log((1 + s) / (1 - s)) / (4 * Math.PI);
};

export class View {
  // table: of viewport or cells; about: what its metadata says; bounds: asked for; field: the coloured column
  constructor({ table, about }, bounds, field) {
    Object.assign(this, { about, bounds, kind: about.kind, n: table.numRows, field, table, shifts: null });
    this._place(table, about.degrees);
    this.viewing = this.codes("viewing", VIEWINGS);
    this.class = this.codes("class", CLASS_NAMES);
    this.velocity = this.column("velocity_mm_yr");
    this.published = field === "class" ? this.class : this.column(field);
    this.value = this.published;
    if (this.kind === "cells") {
      this.n_points = this.column("n_points");
      this.slowest = this.column("velocity_min_mm_yr");
      this.fastest = this.column("velocity_max_mm_yr");
    } else if (this.kind === "grid") {
      this.extreme = this.column(field.replace("_mm_yr", "_strongest_mm_yr"));
    }
  }

  // World coordinates, 0 to 1.
  _place(table, degrees) {
    const lon = this.column("longitude");
    const lat = this.column("latitude");
    this.x = new Float64Array(this.n);
    this.y = new Float64Array(this.n);
    for (let i = 0; i < this.n; i += 1) {
      this.x[i] = (lon[i] * degrees) / 360 + 0.5;
      this.y[i] = mercatorY(lat[i] * degrees);
    }
  }

  longitude(i) {
    return this.column("longitude")[i] * this.about.degrees;
  }

  latitude(i) {
    return this.column("latitude")[i] * this.about.degrees;
  }

  place(i) {
    return [this.latitude(i), this.longitude(i)];
  }

  column(name) {
    return this.table.getChild(name)?.toArray();
  }

  // A column of words as their places in `words`; its dictionary is looked at once, not each row.
  codes(name, words) {
    const out = new Uint8Array(this.n);
    let row = 0;
    for (const batch of this.table.getChild(name)?.data ?? []) {
      const code = Uint8Array.from(batch.dictionary.toArray(), (word) => (words.includes(word) ? words.indexOf(word) : words.length - 1));
      for (let i = 0; i < batch.length; i += 1) out[row++] = code[batch.values[i]] ?? words.length - 1;
    }
    return out;
  }

  get total() {
    return this.kind === "cells" ? this.n_points.reduce((sum, n) => sum + n, 0) : this.n;
  }

  // Velocities relative to a reference: shifts has a number for each viewing, null where there is none.
  shift(shifts) {
    this.shifts = this.field === "velocity_mm_yr" && shifts?.some((each) => each !== null) ? shifts.map((each) => each ?? 0) : null;
    this.value = this.shifts ? this.published.map((v, i) => v - this.shifts[this.viewing[i]]) : this.published;
  }

  // A cell's strongest mover, in either direction.
  strongest(i) {
    if (this.kind === "grid") return this.extreme[i];
    const strongest = Math.abs(this.slowest[i]) > Math.abs(this.fastest[i]) ? this.slowest[i] : this.fastest[i];
    return strongest - (this.shifts?.[this.viewing[i]] ?? 0);
  }

  // A box around a cell, a row of cells wide: see AROUND_PIXELS.
  around(i) {
    const [lon, lat] = [this.longitude(i), this.latitude(i)];
    const [aside, up] = AROUND_CELLS.map((n) => (n * this.about.cell_m) / METRES_PER_DEGREE / 2);
    const wide = aside / Math.cos((lat * Math.PI) / 180);
    return [lon - wide, lat - up, lon + wide, lat + up];
  }

  // Of a point; of a cell's strongest mover, if that was asked for.
  pid(i) {
    return this.table.getChild("pid").at(i);
  }

  // Whether a box of the same question needs no new one: all its points are here.
  covers(box) {
    const [w, s, e, n] = this.bounds;
    const whole = this.kind === "points" || (this.kind === "grid" && this.about.cell_m === FINEST_GRID_M);
    return whole && box[0] >= w && box[1] >= s && box[2] <= e && box[3] <= n;
  }
}
