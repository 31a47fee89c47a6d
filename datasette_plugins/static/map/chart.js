// One chart of series over time: epochs as points, gaps left open, models as lines, bands, breaks with intervals.

import { byId, labels, number } from "./dom.js";

const DAY = 86_400;
export const seconds = (day) => Date.parse(`${day}T00:00Z`) / 1000;
const FONT = "12px system-ui, sans-serif";

// curves: [{label, colour, epochs (text), values, model, low, high, breaks, published}]; returns the uPlot.
export function timeChart(box, curves, { unit = "mm", zero = true, onDrawn } = {}) {
  const tables = [];
  const series = [{}];
  const bands = [];
  for (const curve of curves) {
    const columns = [curve.epochs.map(seconds)];
    if (curve.published) {
      columns.push(curve.published.map((v) => v ?? null));
      series.push(points({ label: "as published", colour: "#a9b3ba" }));
    }
    columns.push(curve.values.map((v) => v ?? null));
    series.push(points(curve));
    if (curve.model) {
      columns.push(curve.model, curve.high, curve.low);
      const first = series.length;
      series.push(line(curve.colour, 2), line(curve.colour, 0), line(curve.colour, 0));
      bands.push({ series: [first + 1, first + 2], fill: `${curve.colour}2e` });
    }
    tables.push(columns);
  }
  const options = {
    width: box.clientWidth,
    height: Math.max(150, box.clientHeight),
    legend: { show: false },
    cursor: { drag: { x: true, y: false, setScale: true }, points: { show: false } },
    scales: { x: { time: true } },
    tzDate: (stamp) => globalThis.uPlot.tzDate(new Date(stamp * 1000), "Etc/UTC"),
    axes: [axis({ space: 70, size: 40 }), axis({ label: `displacement [${unit}]`, labelSize: 18, size: 46, values: (u, ticks) => labels(ticks) })],
    series,
    bands,
    hooks: { drawClear: [(u) => behind(u, curves, zero)], draw: [(u) => { missing(u, curves); onDrawn?.(u); }], setCursor: [(u) => tell(u, curves)] },
  };
  const chart = new globalThis.uPlot(options, globalThis.uPlot.join(tables, tables.map((t) => t.map((_, i) => (i > 1 ? 0 : 1)))), box);
  chart.over.addEventListener("wheel", (event) => wheel(chart, event), { passive: false });
  return chart;
}

const axis = (more) => ({ font: FONT, labelFont: FONT, stroke: "#44525e", grid: { stroke: "#e3e8ec", width: 1 }, ticks: { stroke: "#c3ccd3", width: 1 }, ...more });

const points = (curve) => ({
  label: curve.label,
  stroke: curve.colour,
  paths: () => null,
  points: { show: true, size: curve.model ? 4.5 : 5, width: 1, stroke: curve.colour, fill: curve.mean ? curve.colour : "#ffffff" },
});

const line = (colour, width) => ({ stroke: width ? colour : "transparent", width, points: { show: false }, spanGaps: true });

// Below the series: the zero line, intervals of breaks as shades, their dates as lines.
function behind(u, curves, zero) {
  const { ctx, bbox } = u;
  const x = (day) => u.valToPos(seconds(day), "x", true);
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const { breaks = [], colour } of curves) {
    for (const each of breaks) {
      if (each.from && each.to) {
        ctx.fillStyle = `${colour}1c`;
        ctx.fillRect(x(each.from), bbox.top, Math.max(1, x(each.to) - x(each.from)), bbox.height);
      }
      stroke(ctx, colour, [5, 4], x(each.date), bbox.top, x(each.date), bbox.top + bbox.height);
    }
  }
  const y = u.valToPos(0, "y", true);
  if (zero && y > bbox.top && y < bbox.top + bbox.height) stroke(ctx, "#8a97a1", [], bbox.left, y, bbox.left + bbox.width, y);
  ctx.restore();
}

function stroke(ctx, colour, dash, ...[x1, y1, x2, y2]) {
  ctx.strokeStyle = colour;
  ctx.setLineDash(dash);
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
  ctx.setLineDash([]);
}

// Epochs that a series lacks: small marks on the axis.
function missing(u, curves) {
  const { ctx, bbox } = u;
  curves.forEach((curve, row) => {
    ctx.strokeStyle = curve.colour;
    curve.epochs.forEach((day, i) => {
      if (curve.values[i] !== null && curve.values[i] !== undefined) return;
      const at = u.valToPos(seconds(day), "x", true);
      const foot = bbox.top + bbox.height - 6 * row;
      if (at >= bbox.left && at <= bbox.left + bbox.width) stroke(ctx, curve.colour, [], at, foot - 6, at, foot);
    });
  });
}

// The values under the pointer, as text above the chart.
function tell(u, curves) {
  const place = byId("readout");
  if (!place) return;
  const { left, top } = u.cursor;
  if (left === undefined || left < 0) { place.textContent = ""; return; }
  let best = null;
  for (const curve of curves) {
    curve.epochs.forEach((day, i) => {
      if (curve.values[i] === null || curve.values[i] === undefined) return;
      const d = Math.hypot(u.valToPos(seconds(day), "x") - left, u.valToPos(curve.values[i], "y") - top);
      if (!best || d < best.d) best = { d, curve, i };
    });
  }
  if (!best) return;
  const { curve, i } = best;
  const model = curve.mean ? `, quartiles ${number(curve.low[i], 1, true)} to ${number(curve.high[i], 1, true)}` : curve.model ? `, model ${number(curve.model[i], 1, true)} ± ${number((curve.high[i] - curve.low[i]) / 2, 1)}` : "";
  place.textContent = `${curve.epochs[i]}: ${number(curve.values[i], 1, true)} mm${model} (${curve.label})`;
}

// The wheel zooms time at the pointer, with Shift the values; a double click shows all again.
function wheel(u, event) {
  event.preventDefault();
  const scale = event.shiftKey ? "y" : "x";
  const at = u.posToVal(event.shiftKey ? event.offsetY : event.offsetX, scale);
  const { min, max } = u.scales[scale];
  const factor = (event.deltaY || event.deltaX) < 0 ? 0.8 : 1.25;
  const [low, high] = [at - (at - min) * factor, at + (max - at) * factor];
  if (scale === "x" && high - low < 20 * DAY) return;
  u.setScale(scale, { min: low, max: high });
}
