// Another reference: the mean series of a point or of a polygon, product by product, subtracted from the others.

import { ask } from "./api.js";
import { state } from "./state.js";

let kept = { key: null, found: null };

// Returns product -> mean series, or null where there is no reference.
export async function loadReference() {
  if (!state.reference) return null;
  const key = `${state.reference} ${state.release} ${state.level}`;
  if (kept.key === key) return kept.found;
  const dataset = { release: state.release, level: state.level };
  const cut = state.reference.indexOf(":");
  const [kind, what] = [state.reference.slice(0, cut), state.reference.slice(cut + 1)];
  const found = new Map();
  if (kind === "pid") {
    const answer = await ask("series", { pid: what, ...dataset }, { kind: "reference" });
    for (const each of answer?.series ?? []) found.set(each.product, each.displacements_mm);
  } else {
    const answer = await ask("polygon", { polygon: what, ...dataset }, { kind: "reference" });
    for (const each of answer?.series ?? []) found.set(each.products[0], each.mean_mm);
  }
  kept = { key, found };
  return found;
}

export const referenceName = () => (state.reference.startsWith("pid:") ? state.reference.slice(4) : "the polygon's mean");

export function without(values, mean) {
  if (!mean) return values;
  return values.map((v, i) => (v === null || mean[i] === null || mean[i] === undefined ? null : v - mean[i]));
}
