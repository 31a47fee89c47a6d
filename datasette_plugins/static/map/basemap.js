// The ground below: coasts and borders from a file of ours, a graticule, and tiles only where they are configured.

import { el } from "./dom.js";

export async function addBasemap(L, map) {
  const { tiles, tilesAttribution, static: files } = document.body.dataset;
  const pane = (name, z) => {
    map.createPane(name).style.zIndex = z;
    map.getPane(name).style.pointerEvents = "none";
    return name;
  };
  graticule(L, map, pane("graticule", 260), pane("degrees", 462));
  if (tiles) {
    L.tileLayer(tiles, { attribution: tilesAttribution, maxZoom: 19, pane: pane("ground", 200) }).addTo(map);
    return;
  }
  const response = await fetch(`${files}vendor/outlines.json`);
  if (!response.ok) return; // a map without coasts is still a map
  const { land, borders, unit_degrees: unit } = await response.json();
  const drawn = { interactive: false, renderer: L.canvas({ pane: pane("ground", 200), padding: 0.3 }) };
  L.polygon(land.map((line) => [decode(line, unit)]), { ...drawn, weight: 1, color: "#9fb0ba", fillColor: "#fbfaf6", fillOpacity: 1 }).addTo(map);
  L.polyline(borders.map((line) => decode(line, unit)), { ...drawn, weight: 1, color: "#c5bfb2", dashArray: "4 3" }).addTo(map);
  map.attributionControl.addAttribution("coasts: Natural Earth");
  // Drawn for a scale of 1 : 10 million; nearer, they would contradict the points.
  const near = () => map.getContainer().classList.toggle("near", map.getZoom() >= 13);
  map.on("zoomend", near);
  near();
}

function decode(line, unit) {
  const out = [];
  for (let i = 0, x = 0, y = 0; i < line.length; i += 2) {
    x += line[i];
    y += line[i + 1];
    out.push([y * unit, x * unit]);
  }
  return out;
}

const STEPS = [20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005];

const LABEL = { x: 100, y: 44 }; // pixels that a label and the controls at the edges need

function graticule(L, map, pane, above) {
  const group = L.layerGroup().addTo(map);
  const renderer = L.svg({ pane, padding: 0.2 });
  const draw = () => {
    group.clearLayers();
    const box = map.getBounds().pad(0.15);
    const [w, e] = [Math.max(-180, box.getWest()), Math.min(180, box.getEast())];
    const [s, n] = [Math.max(-85, box.getSouth()), Math.min(85, box.getNorth())];
    const { x: pixels, y: high } = map.getSize();
    const step = STEPS.findLast((each) => (each / (box.getEast() - box.getWest())) * pixels * 1.3 >= 150) ?? 20;
    const digits = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
    const view = map.getBounds();
    const line = (places, text, at) => {
      L.polyline(places, { color: "#8fa3af", weight: 0.6, opacity: 0.6, interactive: false, renderer }).addTo(group);
      const { x, y } = map.latLngToContainerPoint(at);
      if (x < 0 || x > pixels - LABEL.x || y > high - LABEL.y) return; // it would be cut, or lie below a control
      const icon = L.divIcon({ className: "degree", iconSize: null, html: el("span", { textContent: text }) });
      L.marker(at, { icon, pane: above, interactive: false, keyboard: false }).addTo(group);
    };
    for (let lon = Math.ceil(w / step) * step; lon <= e; lon += step) {
      line([[s, lon], [n, lon]], degrees(lon, digits, "E", "W"), [view.getNorth(), lon]);
    }
    for (let lat = Math.ceil(s / step) * step; lat <= n; lat += step) {
      if (map.latLngToContainerPoint([lat, 0]).y < 30) continue;
      line([[lat, w], [lat, e]], degrees(lat, digits, "N", "S"), [lat, view.getWest()]);
    }
  };
  map.on("moveend resize", draw);
  map.whenReady(draw);
}

const degrees = (value, digits, plus, minus) => `${Math.abs(value).toFixed(digits)}° ${value < 0 ? minus : plus}`;
