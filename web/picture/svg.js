// What every picture is made of: SVG as text. Attributes instead of styles, since a picture may stand where
// no style sheet is allowed; nothing in it is fetched from anywhere.

/**
 * How a picture looks; `measure` tells how wide a text is, in pixels.
 * @typedef {Object} Look
 * @property {Record<"paper" | "ink" | "soft" | "line" | "blue" | "teal" | "tealFill" | "amber" | "red", string>} colours
 * @property {string} font
 * @property {string} mono
 * @property {(text: string, size: number, font: string, bold?: boolean) => number} measure
 */

/** The width of a picture, whatever is on it. */
export const WIDTH = 960;
export const MARGIN = 32;
export const INNER = WIDTH - 2 * MARGIN;

/** The name of the language, not an address. */
const NAMESPACE = "http://www.w3.org/2000/svg";

const ENTITIES = /** @type {Record<string, string>} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" });

/**
 * A text as XML may hold it: what has no place there is shown by its sign.
 * @param {string} text
 */
export function escape(text) {
  return text
    .replace(/\p{Surrogate}/gu, "\ufffd")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (one) => String.fromCharCode(0x2400 + one.charCodeAt(0)))
    .replace(/[\ufffe\uffff]/g, "\ufffd")
    .replace(/[&<>"]/g, (one) => ENTITIES[one] ?? one);
}

/**
 * @param {string} name
 * @param {Record<string, string | number | null>} attributes
 * @param {string} [content] already SVG
 */
export function element(name, attributes, content = "") {
  const written = Object.entries(attributes).map(([key, value]) => (value === null ? "" : ` ${key}="${typeof value === "number" ? Math.round(value * 100) / 100 : escape(value)}"`)).join("");
  return content === "" ? `<${name}${written}/>` : `<${name}${written}>${content}</${name}>`;
}

/**
 * Spaces that SVG would leave out, at an end or in a row, are such as it does not.
 * @param {number} x
 * @param {number} y of the line that letters stand on
 * @param {string} content
 * @param {{ size?: number, fill: string, font: string, bold?: boolean, end?: boolean, rtl?: boolean }} style
 */
export function text(x, y, content, { size = 14, fill, font, bold = false, end = false, rtl = false }) {
  return element("text", { x, y, fill, "font-family": font, "font-size": size, "font-weight": bold ? 600 : null, "text-anchor": end ? "end" : null, direction: rtl ? "rtl" : null, "unicode-bidi": rtl ? "embed" : null }, escape(content.replace(/^ +| +$| {2,}/g, (run) => "\u00a0".repeat(run.length))));
}

/**
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {Record<string, string | number | null>} more
 */
export function box(x, y, width, height, more) {
  return element("rect", { x, y, width: Math.max(0, width), height, ...more });
}

/**
 * The whole picture: a title, a small line under it, the drawing from `top` on, and where it comes from.
 * @param {Look} look
 * @param {{ title: string, under: string, source: string }} words
 * @param {(top: number) => { drawn: string, bottom: number }} draw
 */
export function picture(look, { title, under, source }, draw) {
  const { colours, font } = look;
  const parts = [];
  let y = MARGIN + 10;
  for (const line of wrap(look, title, 20, font, INNER, true).slice(0, 3)) {
    parts.push(text(MARGIN, (y += 14), line, { size: 20, fill: colours.ink, font, bold: true }));
    y += 12;
  }
  for (const line of under === "" ? [] : wrap(look, under, 13, font, INNER)) parts.push(text(MARGIN, (y += 18), line, { size: 13, fill: colours.soft, font }));
  const { drawn, bottom } = draw(y + 18);
  const height = Math.ceil(bottom + 24 + MARGIN);
  const foot = text(WIDTH - MARGIN, height - MARGIN + 4, source, { size: 12, fill: colours.soft, font, end: true });
  const ground = box(0, 0, WIDTH, height, { fill: colours.paper });
  return { width: WIDTH, height, svg: element("svg", { xmlns: NAMESPACE, width: WIDTH, height, viewBox: `0 0 ${WIDTH} ${height}`, role: "img", "aria-label": title }, `${ground}${parts.join("")}${drawn}${foot}`) };
}

/**
 * Lines of a text that fit a width, broken between words, or within one that is too long.
 * @param {Look} look
 * @param {string} written
 * @param {number} size
 * @param {string} font
 * @param {number} width
 * @param {boolean} [bold]
 * @returns {string[]}
 */
export function wrap(look, written, size, font, width, bold = false) {
  const fits = (/** @type {string} */ line) => look.measure(line.trimEnd(), size, font, bold) <= width;
  const lines = [];
  let line = "";
  for (const word of written.split(/(?<=\s)/)) {
    if (line !== "" && !fits(line + word)) lines.push(line), (line = "");
    for (const letter of fits(line + word) ? [word] : graphemes(word)) {
      if (line !== "" && !fits(line + letter)) lines.push(line), (line = "");
      line += letter;
    }
  }
  return [...lines, line].map((one) => one.trimEnd());
}

/**
 * As much of a text as fits, with a sign where something is missing.
 * @param {Look} look
 * @param {string} written
 * @param {number} size
 * @param {string} font
 * @param {number} width
 */
export function shorten(look, written, size, font, width) {
  if (look.measure(written, size, font) <= width) return written;
  const letters = graphemes(written);
  while (letters.length > 1 && look.measure(`${letters.join("")}…`, size, font) > width) letters.pop();
  return `${letters.join("")}…`;
}

/** What a reader takes for one character, however many it is made of. @param {string} written */
export function graphemes(written) {
  return "Segmenter" in Intl ? [...new Intl.Segmenter().segment(written)].map((one) => one.segment) : [...written];
}
