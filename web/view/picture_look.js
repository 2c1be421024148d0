// How pictures look in the theme in use, and SVG to PNG.

/** @import { Look } from "../picture/svg.js" */

const COLOURS = { paper: "paper", ink: "ink", soft: "ink-soft", line: "line", blue: "blue", teal: "teal", tealFill: "teal-fill", amber: "amber", red: "red" };

/** Pixels of a PNG per pixel of the drawing, as long as browsers can still make one that large. */
const SHARPNESS = 2;
const MOST_PIXELS = 16_000;

/** @returns {Look} */
export function lookOfPage() {
  const probe = document.body.appendChild(document.createElement("span"));
  // Variables hold both themes; what is computed of one holds the one in use.
  const computed = (/** @type {"color" | "font-family"} */ property, /** @type {string} */ name) => {
    probe.style.setProperty(property, `var(--${name})`);
    return getComputedStyle(probe).getPropertyValue(property);
  };
  const colours = /** @type {Look["colours"]} */ (Object.fromEntries(Object.entries(COLOURS).map(([name, variable]) => [name, computed("color", variable)])));
  const [font, mono] = [computed("font-family", "font"), computed("font-family", "mono")];
  probe.remove();
  const pen = document.createElement("canvas").getContext("2d");
  const measure = (/** @type {string} */ text, /** @type {number} */ size, /** @type {string} */ family, bold = false) => {
    if (!pen) return text.length * size * 0.6;
    pen.font = `${bold ? 600 : 400} ${size}px ${family}`;
    return pen.measureText(text).width;
  };
  return { colours, font, mono, measure };
}

/**
 * As data: and not as a blob, which the page's own policy would not let it draw.
 * @param {{ svg: string, width: number, height: number }} picture
 * @returns {Promise<Blob>}
 */
export async function toPng({ svg, width, height }) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`;
  await image.decode();
  const sharpness = Math.min(SHARPNESS, MOST_PIXELS / height);
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.round(width * sharpness), Math.round(height * sharpness)];
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((wake, fail) => canvas.toBlob((blob) => (blob ? wake(blob) : fail(new Error("The browser made no picture."))), "image/png"));
}
