// Search: a pid, a part of the name of a product or of an area, coordinates in degrees or in metres (EPSG:3035).

import { ask } from "./api.js";
import { byId, el } from "./dom.js";

export function setUpSearch(go, failed) {
  const form = byId("search");
  const list = byId("matches");
  const close = () => { list.hidden = true; };
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const q = form.elements.q.value.trim();
    if (!q) return;
    try {
      const found = await ask("search", { q });
      if (!found) return;
      if (found.matches.length === 1) {
        close();
        go(found.matches[0]);
        return;
      }
      list.replaceChildren(...(found.matches.length ? found.matches.slice(0, 12).map(item) : [el("li", { className: "none", textContent: "Nothing found. Write a pid, a part of the name of a product or an area, or two coordinates." })]));
      list.hidden = false;
    } catch (error) {
      failed(error);
    }
  });
  const item = (match) => el("li", {}, el("button", { type: "button", textContent: match.label, onclick: () => { close(); go(match); } }));
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") close(); });
  document.addEventListener("click", (event) => { if (!form.contains(event.target)) close(); });
}
