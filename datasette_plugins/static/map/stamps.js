// Symbols of the map as little masks: circle ascending, square descending, triangle up, diamond east.

const SHAPES = [
  (x, y) => Math.hypot(x, y),
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) * 1.12,
  (x, y) => Math.max(1.5 * y, 1.2 * Math.abs(x) - 0.8 * y) * 0.9,
  (x, y) => (Math.abs(x) + Math.abs(y)) * 0.8,
];
const rim = (radius) => (radius < 3.6 ? 0.78 : 0.62); // brightness of the edge: small symbols are little but edge
const OPAQUE = 0.99;

// The pixels of a shape: those covered whole as (dx, dy, is the edge), the others as (dx, dy, cover).
function mask(shape, radius) {
  const reach = Math.ceil(radius * 1.5) + 1;
  const [whole, partly] = [[], []];
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const d = shape(dx, dy);
      const cover = Math.min(1, radius + 0.5 - d);
      if (cover >= OPAQUE) whole.push(dx, dy, Number(d > radius - 0.85));
      else if (cover > 0.03) partly.push(dx, dy, cover);
    }
  }
  return { whole: Int8Array.from(whole), partly: Float32Array.from(partly), reach };
}

const packed = (r, g, b) => ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;

// Colours as one number a pixel: those of the inside, then those of the edge.
function inks(colours, light) {
  const n = colours.length / 3;
  const out = new Uint32Array(2 * n);
  for (let i = 0; i < n; i += 1) {
    const rgb = [0, 1, 2].map((c) => colours[3 * i + c]);
    out[2 * i] = packed(...rgb);
    out[2 * i + 1] = packed(...rgb.map((v) => v * light));
  }
  return out;
}

// Returns draw(shape's number, x, y, colour's number) into an ImageData.
export function stamps(image, radius, colours) {
  const masks = SHAPES.map((shape) => mask(shape, radius));
  const { width, height, data } = image;
  const pixels = new Uint32Array(data.buffer);
  const light = rim(radius);
  const ink = inks(colours, light);
  return (shape, x, y, colour) => {
    const { whole, partly, reach } = masks[shape];
    const [cx, cy] = [Math.round(x), Math.round(y)];
    if (cx < reach || cy < reach || cx >= width - reach || cy >= height - reach) return; // the canvas is larger than the screen
    const base = cy * width + cx;
    for (let k = 0; k < whole.length; k += 3) pixels[base + whole[k + 1] * width + whole[k]] = ink[2 * colour + whole[k + 2]];
    const [r, g, b] = [colours[3 * colour] * light, colours[3 * colour + 1] * light, colours[3 * colour + 2] * light];
    for (let k = 0; k < partly.length; k += 3) {
      const at = 4 * (base + partly[k + 1] * width + partly[k]);
      const cover = partly[k + 2];
      const keep = (data[at + 3] / 255) * (1 - cover);
      const alpha = cover + keep;
      data[at] = (r * cover + data[at] * keep) / alpha;
      data[at + 1] = (g * cover + data[at + 1] * keep) / alpha;
      data[at + 2] = (b * cover + data[at + 2] * keep) / alpha;
      data[at + 3] = 255 * alpha;
    }
  };
}

// Returns draw(anything, x, y, colour's number): squares that are as wide as the ground's cells, edge to edge.
export function blocks(image, half, colours) {
  const { width, height, data } = image;
  const pixels = new Uint32Array(data.buffer);
  const ink = inks(colours, 0.86);
  const hasEdge = half >= 5;
  return (_, x, y, colour) => {
    const [left, right] = [Math.max(0, Math.round(x - half)), Math.min(width, Math.round(x + half))];
    const [top, bottom] = [Math.max(0, Math.round(y - half)), Math.min(height, Math.round(y + half))];
    for (let row = top; row < bottom; row += 1) {
      const base = row * width;
      if (hasEdge && (row === top || row === bottom - 1)) pixels.fill(ink[2 * colour + 1], base + left, base + right);
      else pixels.fill(ink[2 * colour], base + left, base + right);
      if (hasEdge && left < right) pixels[base + left] = pixels[base + right - 1] = ink[2 * colour + 1];
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
