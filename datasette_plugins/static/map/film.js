// Displacement over time of what is in view, as a film: one question, then one colouring a date.

import { ask } from "./api.js";
import { colouring } from "./colours.js";
import { byId, count, counted, el, number } from "./dom.js";
import { boxOf, written } from "./side.js";
import { set, state } from "./state.js";
import { View } from "./view.js";

const A_FRAME_MS = 110;

export class Film {
  constructor(map, side, failed) {
    Object.assign(this, { map, side, failed, frame: 0, dates: [], timer: null, open: false });
    this.play = el("button", { type: "button", onclick: () => (this.timer ? this.pause() : this.run()) });
    this.slider = el("input", { type: "range", min: 0, "aria-label": "Date", oninput: () => { this.pause(); this.show(Number(this.slider.value)); set({ film: this.dates[this.frame] }); } });
    this.date = el("output");
    this.note = el("small");
    this.bar = el("div", { id: "film", hidden: true }, this.play, this.slider, this.date, this.note,
      el("button", { type: "button", className: "close", textContent: "×", title: "End the film", "aria-label": "End the film", onclick: () => this.end() }));
    byId("stage").append(this.bar);
  }

  // What the legend says of the colours while the film is shown.
  get shown() {
    return { ...state, colour: "displacement_mm", range: 5 * Math.max(1, Math.round((state.colour === "velocity_mm_yr" && state.range ? state.range : 10) / 2)) };
  }

  // A link names a date: the film is then shown at it, and waits.
  async load(day) {
    const playing = !day && (this.timer || !this.open);
    this.pause();
    this.open = true;
    const bounds = boxOf(this.map.getBounds());
    const { release, level, ...others } = this.side.asked();
    try {
      const found = await ask("frames", { bbox: written(bounds), format: "arrow", release, level, ...others }, { kind: "film", arrow: true });
      if (!found || !this.open) return;
      this.dates = found.about.dates;
      this.view = new View(found, bounds, "velocity_mm_yr");
      this.view.field = "displacement_mm";
      this.values = Float32Array.from(found.table.getChild("displacement_mm").toArray().flatMap((list) => Array.from(list ?? [], (v) => v ?? NaN)));
      this.side.layer.paint = this.paint();
      const { n, n_in_box: all } = found.about;
      this.note.textContent = n < all ? `${count(n)} of ${count(all)} points` : `${count(n)} points`;
      this.slider.max = Math.max(0, this.dates.length - 1);
      this.bar.hidden = false;
      const at = day ? this.dates.findLastIndex((each) => each <= day) : this.frame;
      this.show(Math.max(0, Math.min(at, this.dates.length - 1)));
      if (playing) this.run();
      else this.pause();
      counted("film");
    } catch (error) {
      this.end();
      this.failed(error);
    }
  }

  paint() {
    const paint = colouring(this.shown);
    paint.strength = () => 0; // the same order in each frame
    paint.text = (value) => number(value, 0, true);
    return paint;
  }

  show(frame) {
    if (!this.dates.length) return;
    this.frame = frame;
    const n = this.dates.length;
    this.view.value = new Float32Array(this.view.n);
    for (let i = 0; i < this.view.n; i += 1) this.view.value[i] = this.values[i * n + frame];
    this.slider.value = frame;
    this.date.textContent = this.dates[frame];
    this.side.layer.setView(this.view, false);
    counted("frames");
  }

  run() {
    if (this.frame >= this.dates.length - 1) this.frame = -1;
    this.play.textContent = "❚❚";
    this.play.setAttribute("aria-label", "Pause");
    this.timer = setInterval(() => (this.frame >= this.dates.length - 1 ? this.pause() : this.show(this.frame + 1)), A_FRAME_MS);
  }

  pause() {
    clearInterval(this.timer);
    this.timer = null;
    if (this.open && this.dates.length) set({ film: this.dates[this.frame] });
    this.play.textContent = "▶";
    this.play.setAttribute("aria-label", "Play");
  }

  end() {
    if (!this.open) return;
    this.pause();
    Object.assign(this, { open: false, frame: 0, dates: [] });
    set({ film: "" });
    this.bar.hidden = true;
    this.side.question = null;
    this.side.load();
  }
}
