// Another reference: the mean series of a point or of a polygon, product by product, subtracted from the others.
// EGMS's velocity is linear in the series, so that of a difference is the difference of the two: exact for a whole
// series; and one number for each viewing geometry.

import { ask } from "./api.js";
import { state } from "./state.js";
import { VIEWINGS } from "./view.js";

let kept = { key: null, found: null };

const parts = () => {
  const cut = state.reference.indexOf(":");
  return [state.reference.slice(0, cut), state.reference.slice(cut + 1)];
};

// Returns {series: product -> mean series, shifts: velocity in mm/yr of each viewing, or null}; null without a reference.
async function load() {
  if (!state.reference) return null;
  const key = `${state.reference} ${state.release} ${state.level}`;
  if (kept.key !== key) kept = { key, found: find() };
  try {
    return await kept.found;
  } catch (error) {
    kept = { key: null, found: null };
    throw error;
  }
}

async function find() {
  const dataset = { release: state.release, level: state.level };
  const [kind, what] = parts();
  if (kind === "pid") {
    const asked = { pid: what, ...dataset };
    const [answer, points] = await Promise.all([ask("series", asked, { kind: "reference" }), ask("point", asked, { kind: "reference point" })]);
    return { series: new Map((answer?.series ?? []).map((each) => [each.product, each.displacements_mm])), shifts: means((points?.points ?? []).map((p) => [p.viewing, p.velocity_mm_yr, 1])) };
  }
  const answer = await ask("polygon", { polygon: what, ...dataset }, { kind: "reference" });
  const found = answer?.series ?? [];
  return { series: new Map(found.map((each) => [each.products[0], each.mean_mm])), shifts: means(found.map((each) => [each.viewing, each.velocity_mm_yr, each.n])) };
}

// [[viewing, velocity, how many points]] -> the mean for each viewing.
function means(given) {
  return VIEWINGS.map((name) => {
    const mine = given.filter(([viewing, velocity]) => viewing === name && velocity !== null);
    const n = mine.reduce((sum, [, , count]) => sum + count, 0);
    return n ? mine.reduce((sum, [, velocity, count]) => sum + velocity * count, 0) / n : null;
  });
}

// Returns product -> mean series, or null where there is no reference.
export async function loadReference() {
  return (await load())?.series ?? null;
}

// Returns what the map subtracts from the velocities of each viewing; null where it shows them as published.
export async function shiftsOf(seen) {
  const comparable = seen.colour === "velocity_mm_yr" && seen.release === state.release && seen.level === state.level;
  try {
    return comparable ? ((await load())?.shifts ?? null) : null;
  } catch {
    return null; // who shows the reference says why there is none
  }
}

export const referenceName = () => (state.reference.startsWith("pid:") ? state.reference.slice(4) : "the polygon's mean");

// Where the reference lies, as [latitude, longitude] corners; one for a point.
export async function referencePlace() {
  if (!state.reference) return [];
  const [kind, what] = parts();
  if (kind === "polygon") return what.split(";").filter(Boolean).map((pair) => pair.split(",").map(Number).reverse());
  const found = await ask("point", { pid: what, release: state.release, level: state.level }, { kind: "reference place" });
  return (found?.points ?? []).slice(0, 1).map((p) => [p.latitude, p.longitude]);
}

export function without(values, mean) {
  if (!mean) return values;
  return values.map((v, i) => (v === null || mean[i] === null || mean[i] === undefined ? null : v - mean[i]));
}
