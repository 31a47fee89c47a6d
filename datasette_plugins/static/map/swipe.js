// Two maps in one: left and right of a line that is pulled. They differ in viewing, in colour, or in the data.

import { byId, el, words } from "./dom.js";
import { FIELDS } from "./colours.js";
import { set, state } from "./state.js";

// What the line can be between, as [value of the state, text].
export function swipeChoices(info) {
  const grid = info.tables.cells?.rows > 0;
  if (state.show === "cells") {
    const other = state.component === "up" ? "east" : "up";
    return [["", "nothing"], [`component=${other}`, `${state.component} | ${other}`], ["show=points", "… | points"]];
  }
  const viewings = info.datasets.filter((d) => d.release === state.release && d.level === state.level).map((d) => d.viewing).sort();
  const pairs = viewings.length > 1 ? [[`viewing=${viewings[0]}|${viewings[1]}`, "the two directions"]] : [];
  const colours = Object.entries(FIELDS).filter(([name]) => name !== state.colour && name in info.tables.points.columns).map(([name, field]) => [`colour=${name}`, `… | ${field.label.toLowerCase()}`]);
  const others = [...new Set(info.datasets.map((d) => `${d.release} ${d.level}`))].filter((text) => text !== `${state.release} ${state.level}`).map((text) => [`data=${text}`, `… | ${words(text)}`]);
  return [["", "nothing"], ...pairs, ...colours, ...others, ...(grid ? [["show=cells", "… | east and up"]] : [])];
}

// What a side shows otherwise than the state says.
export function overridesOf(side) {
  const cut = state.swipe.indexOf("=");
  const [key, value] = [state.swipe.slice(0, cut), state.swipe.slice(cut + 1)];
  if (key === "viewing") return { viewing: [value.split("|")[side === "left" ? 0 : 1]] };
  if (side === "left") return {};
  if (key === "colour" && value in FIELDS) return { colour: value, range: null };
  if (key === "component" && ["up", "east"].includes(value)) return { component: value };
  if (key === "show" && ["points", "cells"].includes(value)) return { show: value, range: null };
  if (key === "data") {
    const [release, level] = value.split(" ");
    return { release, level, viewing: [], product: [] };
  }
  return {};
}

export class Line {
  constructor(map, sides) {
    Object.assign(this, { map, sides });
    this.bar = el("div", { id: "swipe", tabIndex: 0, role: "slider", "aria-label": "Line between the two maps", "aria-valuemin": 0, "aria-valuemax": 100 }, el("i", { textContent: "◂▸" }));
    byId("stage").append(this.bar);
    this.bar.addEventListener("pointerdown", (event) => { this.bar.setPointerCapture(event.pointerId); event.preventDefault(); this.bar.focus(); });
    this.bar.addEventListener("pointermove", (event) => this.bar.hasPointerCapture(event.pointerId) && this.pull(event.clientX));
    this.bar.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -0.02, ArrowRight: 0.02 }[event.key];
      if (step) { event.preventDefault(); event.stopPropagation(); this.move(state.at + step); }
    });
    map.on("move resize zoomend", () => this.place());
  }

  pull(clientX) {
    const box = this.map.getContainer().getBoundingClientRect();
    this.move((clientX - box.left) / box.width);
  }

  move(at) {
    set({ at: Math.round(1000 * Math.min(0.98, Math.max(0.02, at))) / 1000 });
  }

  // Cuts both layers at the line. Panes have no size, so that only `clip` can.
  place() {
    const { left, right } = this.sides();
    this.bar.hidden = !right;
    const pane = left.layer.pane;
    if (!right) {
      pane.style.clip = "";
      return;
    }
    const size = this.map.getSize();
    const from = this.map.containerPointToLayerPoint([0, 0]);
    const to = this.map.containerPointToLayerPoint(size);
    const x = Math.round(from.x + state.at * size.x);
    pane.style.clip = `rect(${from.y}px, ${x}px, ${to.y}px, ${from.x}px)`;
    right.layer.pane.style.clip = `rect(${from.y}px, ${to.x}px, ${to.y}px, ${x}px)`;
    this.bar.style.left = `${state.at * 100}%`;
    this.bar.setAttribute("aria-valuenow", Math.round(100 * state.at));
  }
}
