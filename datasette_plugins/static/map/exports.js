// Pictures of a chart: PNG from its canvas, SVG drawn again from the same numbers. Both carry the attribution.

import { save } from "./dom.js";
import { seconds } from "./chart.js";

const attribution = document.body.dataset.attribution;

export function savePng(chart, title) {
  const from = chart.ctx.canvas;
  const ratio = from.width / chart.width;
  const head = 26 * ratio;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [from.width, from.height + 2 * head];
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(from, 0, head);
  context.fillStyle = "#1c2733";
  context.font = `${13 * ratio}px sans-serif`;
  context.fillText(title, 10 * ratio, 18 * ratio);
  context.font = `${10 * ratio}px sans-serif`;
  context.fillText(attribution, 10 * ratio, canvas.height - 9 * ratio);
  canvas.toBlob((blob) => save("series.png", blob));
}

const escaped = (text) => String(text).replace(/[<>&"]/g, (c) => `&#${c.charCodeAt(0)};`);

export function saveSvg(chart, curves, title) {
  const ratio = chart.ctx.canvas.width / chart.width;
  const box = Object.fromEntries(Object.entries(chart.bbox).map(([k, v]) => [k, v / ratio]));
  const x = (day) => (box.left + chart.valToPos(seconds(day), "x")).toFixed(1);
  const y = (value) => (26 + box.top + chart.valToPos(value, "y")).toFixed(1);
  const out = [];
  const text = (left, top, said, anchor = "start", size = 12) => out.push(`<text x="${left}" y="${top}" font-size="${size}" text-anchor="${anchor}">${escaped(said)}</text>`);
  for (const [side, axis] of chart.axes.entries()) {
    (axis._splits ?? []).forEach((split, i) => {
      const at = chart.valToPos(split, side ? "y" : "x");
      if (at < 0 || at > (side ? box.height : box.width)) return;
      const [px, py] = side ? [box.left, 26 + box.top + at] : [box.left + at, 26 + box.top + box.height];
      out.push(side ? `<path d="M${px} ${py}h${box.width}" stroke="#e3e8ec"/>` : `<path d="M${px} ${py}v${-box.height}" stroke="#e3e8ec"/>`);
      String(axis._values?.[i] ?? "").split("\n").forEach((part, k) => text(side ? px - 6 : px, side ? py + 4 : py + 16 + 13 * k, part, side ? "end" : "middle", 11));
    });
  }
  for (const { epochs, values, model, low, high, colour, published = [], breaks = [] } of curves) {
    published.forEach((v, i) => v !== null && out.push(`<circle cx="${x(epochs[i])}" cy="${y(v)}" r="2" fill="#fff" stroke="#a9b3ba"/>`));
    for (const each of breaks) out.push(`<path d="M${x(each.date)} ${26 + box.top}v${box.height}" stroke="${colour}" stroke-dasharray="5 4"/>`);
    if (model) {
      const line = (of) => epochs.map((day, i) => [x(day), y(of[i])].join(" "));
      out.push(`<path d="M${[...line(high), ...line(low).reverse()].join("L")}Z" fill="${colour}" fill-opacity="0.18"/>`);
      out.push(`<path d="M${line(model).join("L")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    }
    epochs.forEach((day, i) => {
      if (values[i] !== null && values[i] !== undefined) out.push(`<circle cx="${x(day)}" cy="${y(values[i])}" r="2.2" fill="#fff" stroke="${colour}"/>`);
    });
  }
  text(10, 18, title, "start", 13);
  text(10, chart.height + 42, attribution, "start", 10);
  text(-(26 + box.top + box.height / 2), 12, "displacement [mm]", "middle", 11);
  out.push(out.pop().replace("<text", '<text transform="rotate(-90)"'));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${chart.width}" height="${chart.height + 52}" font-family="sans-serif" fill="#1c2733"><rect width="100%" height="100%" fill="#fff"/>${out.join("")}</svg>`;
  save("series.svg", new Blob([svg], { type: "image/svg+xml" }));
}
