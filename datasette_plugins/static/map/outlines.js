// Where products lie: their outlines with their names.

import { el } from "./dom.js";
import { state } from "./state.js";

// Returns what draws those of the release and level that the state says.
export function outlinesOf(L, map, above, products) {
  const outlines = L.layerGroup().addTo(map);
  return () => {
    outlines.clearLayers();
    if (!state.outlines) return;
    for (const p of products.filter((each) => each.release === state.release && each.level === state.level)) {
      const corners = p.outline.map(([lon, lat]) => [lat, lon]);
      L.polygon(corners, { ...above, color: "#31475a", weight: 1.5, dashArray: p.viewing === "descending" ? "6 4" : null, fill: false }).addTo(outlines);
      const isAbove = p.viewing === "ascending" || p.viewing === "up"; // two geometries often have one outline
      const name = L.tooltip({ permanent: true, className: "product", direction: isAbove ? "top" : "bottom" });
      name.setContent(el("span", { textContent: `${p.product}, ${p.viewing}` })).setLatLng(corners[isAbove ? 0 : 4]);
      outlines.addLayer(name);
    }
  };
}
