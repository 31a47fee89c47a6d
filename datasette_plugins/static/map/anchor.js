// The reference's mark: where it lies on the map, and a note above the map that takes it away.

import { byId, el } from "./dom.js";
import { referenceName, referencePlace } from "./reference.js";
import { set, state } from "./state.js";

// A crosshair, white-rimmed so that it is seen on any colour.
function cross(size) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of Object.entries({ viewBox: "0 0 30 30", width: size, height: size, "aria-hidden": "true", fill: "none" })) svg.setAttribute(name, value);
  for (const [stroke, width] of [["#fff", 6], ["#111", 2.5]]) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    for (const [name, value] of Object.entries({ d: "M15 7a8 8 0 1 1 0 16a8 8 0 1 1 0-16M15 1v9M15 20v9M1 15h9M20 15h9", stroke, "stroke-width": width })) path.setAttribute(name, value);
    svg.append(path);
  }
  return svg;
}

export class Anchor {
  constructor(L, map, above) {
    Object.assign(this, { L, map, above, group: L.layerGroup().addTo(map) });
    this.name = el("span");
    this.note = el("div", { id: "related", role: "status", hidden: true }, this.name,
      el("button", { type: "button", className: "close", textContent: "×", title: "As published again", "aria-label": "No reference", onclick: () => set({ reference: "" }) }));
    byId("stage").append(this.note);
  }

  async show() {
    this.group.clearLayers();
    this.note.hidden = !state.reference;
    if (!state.reference) return;
    this.name.replaceChildren(cross(16), ` Velocities and series are relative to ${referenceName()}`);
    const place = await referencePlace();
    if (!place.length) return;
    const look = { ...this.above, color: "#111", fill: false };
    if (place.length > 1) {
      this.L.polygon(place, { ...look, color: "#fff", weight: 5 }).addTo(this.group);
      this.L.polygon(place, { ...look, weight: 2.5, dashArray: "2 5" }).addTo(this.group);
    }
    const at = place.length > 1 ? this.L.latLngBounds(place).getCenter() : place[0];
    this.L.marker(at, { pane: "marks", interactive: false, keyboard: false, icon: this.L.divIcon({ className: "anchor", iconSize: [30, 30], html: cross(30) }) }).addTo(this.group);
  }
}
