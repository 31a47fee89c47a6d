// Colours and filters: each control writes the state, and follows it when a link or the legend changes it.

import { CLASS_NAMES, CLASSES, DIVERGING, FIELDS } from "./colours.js";
import { byId, count, el, number, words } from "./dom.js";
import { swipeChoices } from "./swipe.js";
import { FILTERS, on, set, state } from "./state.js";

const followers = [];
const follow = (update) => { followers.push(update); return update; };

export function showControls(info, tools) {
  const pairs = [...new Map(info.datasets.map((d) => [`${d.release} ${d.level}`, d])).values()];
  byId("controls").replaceChildren(
    group("Data", dataset(info, pairs), layers(info), forPoints(viewings(info)), forPoints(products(info))),
    group("Colour", forPoints(select("colour", Object.entries(FIELDS).filter(([f, d]) => !d.film && !d.cells && (f !== "class" || hasClasses(info))).map(([f, d]) => [f, d.label]), "Colour by", { range: null })),
      forCells(select("component", [["up", "Velocity up"], ["east", "Velocity east"]], "Colour by")),
      ramps(), ranges(), slider("size", "Size", 0.5, 2.5, 0.1, 1),
      swipes(info), check("labels", "Values beside points (L)"), shapes(info), check("outlines", "Outlines of products (O)")),
    forPoints(group("Only", between("velocity_mm_yr", "Velocity [mm/yr]", 50), slider("min_temporal_coherence", "Coherence from", 0, 1, 0.05, 0, true),
      hasClasses(info) && slider("min_probability", "Probability of the class from", 0, 1, 0.05, 0, true), hasClasses(info) && classes(),
      el("button", { type: "button", textContent: "All points again", onclick: () => set(Object.fromEntries(FILTERS.slice(2).map((f) => [f, Array.isArray(state[f]) ? [] : null]))) }))),
    group("Tools", tools),
  );
  on(Object.keys(state), () => followers.forEach((update) => update()));
  followers.forEach((update) => update());
}

// Some choices are about points, some about cells of east and up.
const shownWhere = (show) => (part) => { follow(() => { part.hidden = state.show !== show; }); return part; };
const forPoints = shownWhere("points");
const forCells = shownWhere("cells");

function layers(info) {
  return info.tables.cells?.rows > 0 && select("show", [["points", "points"], ["cells", "east and up"]], "Show");
}

function shapes(info) {
  return info.tables.areas?.rows > 0 && select("areas", [["", "none"], ["areas", "areas"], ["subareas", "their parts"]], "Areas (A)");
}

const hasClasses = (info) => info.filters.lists.includes("class");

function group(title, ...parts) {
  return el("fieldset", {}, el("legend", { textContent: title }), parts);
}

function row(label, control, value) {
  return el("label", { className: "row" }, el("span", { textContent: label }), control, value);
}

function dataset(info, pairs) {
  const control = el("select", { onchange: () => {
    const [release, level] = control.value.split(" ");
    set({ release, level, viewing: firstViewing(info, release, level), product: [], pid: [] });
  } }, pairs.map((d) => el("option", { value: `${d.release} ${d.level}`, textContent: `${d.level}, ${d.release.replace("_", " to ")}` })));
  follow(() => { control.value = `${state.release} ${state.level}`; });
  return row("Level, release", control);
}

// East and up of L3 lie in the same place, one over the other: up is shown first.
export function firstViewing(info, release, level) {
  const held = info.datasets.filter((d) => d.release === release && d.level === level).map((d) => d.viewing);
  return held.includes("up") && held.includes("east") ? ["up"] : [];
}

function viewings(info) {
  const box = el("div", { className: "checks" });
  let shown;
  follow(() => {
    const held = info.datasets.filter((d) => d.release === state.release && d.level === state.level);
    const key = JSON.stringify([state.release, state.level, state.viewing]);
    if (key === shown) return;
    shown = key;
    box.replaceChildren(...held.map((d) => checkbox(`${d.viewing} ${count(d.n_points)}`, !state.viewing.length || state.viewing.includes(d.viewing), () => {
      set({ viewing: toggled(state.viewing, held.map((each) => each.viewing), d.viewing) });
    })));
  });
  return box;
}

// All chosen is the same as no filter.
function toggled(chosen, all, name) {
  const now = new Set(chosen.length ? chosen : all);
  if (now.has(name)) now.delete(name);
  else now.add(name);
  return now.size === all.length || now.size === 0 ? [] : all.filter((each) => now.has(each));
}

function checkbox(label, checked, onchange, mark) {
  return el("label", { className: "check" }, el("input", { type: "checkbox", checked, onchange }), mark, el("span", { textContent: label }));
}

function products(info) {
  const control = el("select", { onchange: () => set({ product: control.value ? [control.value] : [] }) });
  const names = info.products.map((p) => [p.product, p.release, p.level]);
  follow(() => {
    const held = names.filter(([, release, level]) => release === state.release && level === state.level);
    if (control.dataset.of !== `${state.release} ${state.level}`) {
      control.dataset.of = `${state.release} ${state.level}`;
      control.replaceChildren(el("option", { value: "", textContent: `all ${held.length}` }), ...held.map(([p]) => el("option", { value: p, textContent: p.replace("EGMS_", "") })));
    }
    control.value = state.product[0] ?? "";
  });
  return row("Product", control);
}

function select(name, options, label, also = {}) {
  const control = el("select", { onchange: () => set({ [name]: control.value, ...also }) }, options.map(([value, text]) => el("option", { value, textContent: text })));
  follow(() => { control.value = state[name]; });
  return row(label, control);
}

// One ramp runs both ways from zero; values of one sign and classes have colours of their own.
function ramps() {
  const made = select("ramp", DIVERGING.map((r) => [r, words(r.replace("-", " to "))]), "Ramp");
  follow(() => { made.hidden = state.show === "points" && !FIELDS[state.colour]?.signed; });
  return made;
}

function ranges() {
  const control = el("select", { onchange: () => set({ range: Number(control.value) }) });
  const made = row("Range", control);
  follow(() => {
    const colour = state.show === "cells" ? `velocity_${state.component}_mm_yr` : state.colour;
    const field = FIELDS[colour];
    made.hidden = Boolean(field.categories);
    if (field.categories) return;
    if (control.dataset.of !== colour) {
      control.dataset.of = colour;
      control.replaceChildren(...field.ranges.map((r) => el("option", { value: r, textContent: `${field.signed ? "±" : `${number(field.low, field.low % 1 ? 1 : 0)} to `}${r} ${field.unit}` })));
    }
    control.value = state.range ?? field.usual;
  });
  return made;
}

function swipes(info) {
  const control = el("select", { onchange: () => set({ swipe: control.value }) });
  let made;
  follow(() => {
    const choices = swipeChoices(info);
    if (made !== JSON.stringify(choices)) {
      made = JSON.stringify(choices);
      control.replaceChildren(...choices.map(([value, textContent]) => el("option", { value, textContent })));
    }
    control.value = state.swipe;
  });
  return row("Swipe", control);
}

function slider(name, label, min, max, step, none, filter) {
  const out = el("output");
  const control = el("input", { type: "range", min, max, step, oninput: () => { out.textContent = number(Number(control.value), 2); },
    onchange: () => set({ [name]: filter && Number(control.value) === none ? null : Number(control.value) }) });
  follow(() => {
    control.value = state[name] ?? none;
    out.textContent = filter && state[name] === null ? "any" : number(Number(control.value), 2);
  });
  return row(label, control, out);
}

function between(column, label, most) {
  const out = el("output");
  const make = (name, none, text) => {
    const control = el("input", { type: "range", min: -most, max: most, step: 0.5, "aria-label": `${text} ${label}`,
      onchange: () => set({ [name]: Number(control.value) === none ? null : Number(control.value) }) });
    follow(() => { control.value = state[name] ?? none; });
    return control;
  };
  const [low, high] = [`min_${column}`, `max_${column}`];
  follow(() => {
    const [a, b] = [state[low], state[high]];
    out.textContent = a === null && b === null ? "any" : `${a === null ? "" : `≥ ${number(a, 1)} `}${b === null ? "" : `≤ ${number(b, 1)}`}`;
  });
  return el("div", { className: "row two" }, el("span", { textContent: label }), el("div", {}, make(low, -most, "Least"), make(high, most, "Most")), out);
}

function check(name, label) {
  const made = checkbox(label, state[name], () => set({ [name]: !state[name] }));
  follow(() => { made.querySelector("input").checked = state[name]; });
  return made;
}

function classes() {
  const boxes = CLASS_NAMES.map((name) => [name, checkbox(words(name), true, () => set({ class: toggled(state.class, CLASS_NAMES, name) }), el("i", { className: "swatch", style: { background: CLASSES[name] } }))]);
  follow(() => boxes.forEach(([name, box]) => { box.querySelector("input").checked = !state.class.length || state.class.includes(name); }));
  return el("div", { className: "checks classes", role: "group", "aria-label": "Classes" }, boxes.map(([, box]) => box));
}
