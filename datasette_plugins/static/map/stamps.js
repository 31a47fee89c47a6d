// Symbols of the map as little masks: circle ascending, square descending, triangle up, diamond east.

const SHAPES = [
  (x, y) => Math.hypot(x, y),
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) * 1.12,
  (x, y) => Math.max(1.5 * y, 1.2 * Math.abs(x) - 0.8 * y) * 0.9,
  (x, y) => (Math.abs(x) + Math.abs(y)) * 0.8,
];
const rim = (radius) => (radius < 3.6 ? 0.78 : 0.62); // brightness of the edge: small symbols are little but edge

function mask(shape, radius) {
  const reach = Math.ceil(radius * 1.5) + 1;
  const pixels = [];
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const d = shape(dx, dy);
      const cover = Math.min(1, radius + 0.5 - d);
      if (cover > 0.03) pixels.push(dx, dy, cover, d > radius - 0.85 ? rim(radius) : 1);
    }
  }
  return new Float32Array(pixels);
}

// Returns draw(shape's number, x, y, colour's number) into an ImageData.
export function stamps(image, radius, colours) {
  const masks = SHAPES.map((shape) => mask(shape, radius));
  const { data, width, height } = image;
  return (shape, x, y, colour) => {
    const pixels = masks[shape];
    const [cx, cy] = [Math.round(x), Math.round(y)];
    const [r, g, b] = [colours[3 * colour], colours[3 * colour + 1], colours[3 * colour + 2]];
    for (let k = 0; k < pixels.length; k += 4) {
      const px = cx + pixels[k];
      const py = cy + pixels[k + 1];
      if (px < 0 || py < 0 || px >= width || py >= height) continue;
      const at = 4 * (py * width + px);
      const cover = pixels[k + 2];
      const light = pixels[k + 3];
      const under = data[at + 3] / 255;
      const keep = under * (1 - cover);
      const alpha = cover + keep;
      data[at] = (r * light * cover + data[at] * keep) / alpha;
      data[at + 1] = (g * light * cover + data[at + 1] * keep) / alpha;
      data[at + 2] = (b * light * cover + data[at + 2] * keep) / alpha;
      data[at + 3] = 255 * alpha;
    }
  };
}

// The same symbol as a path of SVG in a box of 16, for legends and tables.
export const PATHS = ["M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12", "M3 3h10v10h-10z", "M8 2l6.5 11h-13z", "M8 1l7 7-7 7-7-7z"];

export function symbol(viewing, colour, size = 14) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("width", size);
  svg.setAttribute("height", size);
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", PATHS[viewing] ?? PATHS[0]);
  path.setAttribute("fill", colour);
  path.setAttribute("stroke", "rgba(0,0,0,0.45)");
  svg.append(path);
  return svg;
}
