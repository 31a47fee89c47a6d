// A profile: position along the line against velocity or displacement, one colour a geometry, above the terrain.

import { labels } from "./dom.js";
import { SERIES } from "./colours.js";

const FONT = "12px system-ui, sans-serif";

export const viewingsOf = (columns) => [...new Set(columns.viewing)].sort();

export function profileChart(box, columns, length_m) {
  const viewings = viewingsOf(columns);
  const value = columns.displacement_mm ?? columns.velocity_mm_yr;
  const unit = columns.displacement_mm ? "displacement [mm]" : "velocity [mm/yr]";
  const x = columns.along_m.map((m) => m / 1000);
  const of = (name) => value.map((v, i) => (columns.viewing[i] === name ? v : null));
  const axis = (more) => ({ font: FONT, labelFont: FONT, labelSize: 18, size: 46, stroke: "#44525e", grid: { stroke: "#e3e8ec", width: 1 }, ...more });
  const text = (u, ticks) => labels(ticks);
  const dots = (name, i) => ({ label: name, stroke: SERIES[i], paths: () => null, points: { show: true, size: 5, width: 1, stroke: SERIES[i], fill: i % 2 ? SERIES[i] : "#fff" } });
  return new globalThis.uPlot({
    width: box.clientWidth,
    height: Math.max(150, box.clientHeight),
    legend: { show: false },
    cursor: { points: { show: false } },
    scales: { x: { time: false, range: (u, min, max) => (min === max || (max - min) * 1000 > 0.5 * length_m ? [0, length_m / 1000] : [min, max]) }, height: { range: (u, min, max) => [Math.min(0, min), Math.max(10, max) * 1.6] } },
    axes: [axis({ label: "along the line [km]", size: 40, values: text }), axis({ label: unit, values: text }),
      axis({ scale: "height", side: 1, label: "height [m]", grid: { show: false }, values: text })],
    series: [{}, { label: "height", scale: "height", stroke: "#8f8675", fill: "#8f867526", width: 1, points: { show: false }, spanGaps: true }, ...viewings.map(dots)],
  }, [x, terrain(x, columns.height_ortho), ...viewings.map(of)], box);
}

// The mean height of neighbours: points beside each other stand on roofs and in streets.
function terrain(x, heights, reach = 5) {
  return x.map((_, i) => {
    const near = heights.slice(Math.max(0, i - reach), i + reach + 1).filter((h) => h !== null);
    return near.length ? near.reduce((sum, h) => sum + h, 0) / near.length : null;
  });
}
