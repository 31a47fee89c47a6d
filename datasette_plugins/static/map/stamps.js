// Symbols of the map as little masks: circle ascending, square descending, triangle up, diamond east.

const SHAPES = [
  (x, y) => Math.hypot(x, y),
  (x, y) => Math.max(Math.abs(x), Math.abs(y)) * 1.12,
  (x, y) => Math.max(1.5 * y, 1.2 * Math.abs(x) - 0.8 * y) * 0.9,
  (x, y) => (Math.abs(x) + Math.abs(y)) * 0.8,
];
const rim = (radius) => (radius < 3.6 ? 0.78 : 0.62); // brightness of the edge: small symbols are little but edge
const OPAQUE = 0.99;

// The pixels of a shape on a canvas of some width: places of those covered whole and whether they are its edge, places
// of the others and their cover of 256.
function mask(shape, radius, width) {
  const reach = Math.ceil(radius * 1.5) + 1;
  const [whole, partly] = [[], []];
  for (let dy = -reach; dy <= reach; dy += 1) {
    for (let dx = -reach; dx <= reach; dx += 1) {
      const d = shape(dx, dy);
      const cover = Math.min(1, radius + 0.5 - d);
      if (cover >= OPAQUE) whole.push(dy * width + dx, Number(d > radius - 0.85));
      else if (cover > 0.03) partly.push(dy * width + dx, Math.round(cover * 256));
    }
  }
  return { whole: Int32Array.from(whole), partly: Int32Array.from(partly), reach };
}

const packed = (r, g, b, alpha = 255) => ((alpha << 24) | (b << 16) | (g << 8) | r) >>> 0;

// A colour that covers `cover` of 256 of a pixel, over what is there; most pixels are empty or full.
function over(there, ink, cover) {
  const alpha = there >>> 24;
  if (alpha === 0) return ((ink & 0xffffff) | ((cover - (cover >> 7)) << 24)) >>> 0;
  const keep = alpha === 255 ? 256 - cover : (alpha * (256 - cover)) / 255;
  const sum = cover + keep;
  const of = (shift) => (((ink >> shift) & 255) * cover + ((there >> shift) & 255) * keep) / sum;
  return packed(of(0), of(8), of(16), (255 * sum) / 256);
}

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
  const { width, height, data } = image;
  const masks = SHAPES.map((shape) => mask(shape, radius, width));
  const pixels = new Uint32Array(data.buffer);
  const ink = inks(colours, rim(radius));
  return (shape, x, y, colour) => {
    const { whole, partly, reach } = masks[shape];
    const cx = Math.round(x);
    const cy = Math.round(y);
    if (cx < reach || cy < reach || cx >= width - reach || cy >= height - reach) return; // the canvas is larger than the screen
    const base = cy * width + cx;
    for (let k = 0; k < whole.length; k += 2) pixels[base + whole[k]] = ink[2 * colour + whole[k + 1]];
    const edge = ink[2 * colour + 1];
    for (let k = 0; k < partly.length; k += 2) {
      const at = base + partly[k];
      pixels[at] = over(pixels[at], edge, partly[k + 1]);
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
