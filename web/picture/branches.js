// The branches as pictures: the tree of tokens, and two inputs beside each other.

import { formatChange, formatProbability } from "../lib/format.js";
import { bars, legend, visible } from "./distribution.js";
import { box, element, INNER, MARGIN, picture, shorten, text, WIDTH, wrap } from "./svg.js";

/** @import { Pair } from "../lib/pair_rows.js" */
/** @import { Axis, Words } from "./distribution.js" */
/** @import { Look } from "./svg.js" */

/** @typedef {{ depth: number, text: string, kind: "prompt" | "run" | "left", names: string[] }} Twig `names` are the inputs that end there */

const LINE = 22;
const STEP = 28;
/** A run says where it comes from and where it ends. */
const MOST_LINES = 3;
const MOST_ROWS = 16;

/**
 * @param {Look} look
 * @param {Words} words
 * @param {Twig[]} twigs in reading order
 */
export function treePicture(look, words, twigs) {
  const { colours, font, measure } = look;
  return picture(look, words, (top) => {
    const parts = /** @type {string[]} */ ([]);
    let y = top;
    /** Where the last twig of each depth stands, to which the next deeper one is tied. */
    const last = /** @type {number[]} */ ([]);
    for (const { depth, text: written, kind, names } of twigs) {
      const x = MARGIN + STEP * depth;
      const lines = wrap(look, written, 15, font, INNER - STEP * depth - 20);
      const seen = lines.length <= MOST_LINES ? lines : [...lines.slice(0, MOST_LINES - 1), `… ${lines.at(-1)}`];
      if (depth > 0) parts.push(element("path", { d: `M${x - STEP + 6} ${last[depth - 1] ?? y}V${y + 9}h${STEP - 12}`, fill: "none", stroke: colours.soft }));
      const fill = kind === "prompt" ? colours.ink : kind === "run" ? colours.teal : colours.soft;
      for (const line of seen) parts.push(text(x, (y += LINE) - 8, line, { size: 15, fill, font, bold: kind === "prompt" }));
      let right = x;
      for (const name of names) {
        const width = measure(name, 12, font, true) + 16;
        parts.push(box(right + 0.5, y + 0.5, width, 20, { fill: "none", stroke: colours.soft, rx: 4 }), text(right + 8, y + 14.5, name, { size: 12, fill: colours.ink, font, bold: true }));
        right += width + 8;
      }
      if (names.length > 0) y += 24;
      if (kind === "left") parts.push(text(x, (y += 14), "left behind", { size: 12, fill: colours.soft, font }));
      last[depth] = y;
      y += 10;
    }
    return { drawn: parts.join(""), bottom: y };
  });
}

/**
 * @param {Look} look
 * @param {Words} words
 * @param {{ names: string[], texts: string[], pair: Pair, axis: Axis, sum: string }} two
 */
export function pairPicture(look, words, { names, texts, pair, axis, sum }) {
  const { colours, font, mono } = look;
  const [token, change, gap] = [160, 80, 24];
  const track = (INNER - token - change - 2 * gap) / 2;
  const columns = [MARGIN + token, MARGIN + token + track + gap];
  return picture(look, words, (top) => {
    const parts = /** @type {string[]} */ ([]);
    let y = top;
    names.forEach((name, side) => {
      parts.push(text(MARGIN, (y += LINE), `${name}:`, { fill: colours.ink, font, bold: true }));
      const lines = wrap(look, texts[side] ?? "", 14, font, INNER - token);
      for (const [index, line] of lines.slice(-MOST_LINES).entries()) parts.push(text(MARGIN + token, index === 0 ? y : (y += LINE), line, { fill: colours.ink, font }));
    });
    for (const line of wrap(look, sum, 14, font, INNER)) parts.push(text(MARGIN, (y += LINE), line, { fill: colours.ink, font }));
    parts.push(legend(look, MARGIN, (y += 28)));
    y += 30;
    const head = (/** @type {number} */ x, /** @type {string} */ content, end = false) => text(x, y, content, { size: 12, fill: colours.soft, font, end });
    parts.push(head(MARGIN, "token"), ...names.map((name, side) => head(columns[side] ?? 0, shorten(look, `${name} (0 to ${axis.ends[1]})`, 12, font, track))), head(WIDTH - MARGIN, "change", true));
    y += 8;
    for (const one of pair.rows.slice(0, MOST_ROWS)) {
      parts.push(element("path", { d: `M${MARGIN} ${y}h${INNER}`, stroke: colours.line }));
      parts.push(text(MARGIN, y + 25, shorten(look, visible(one.display), 14, mono, token - 12), { fill: one.special ? colours.amber : colours.ink, font: mono }));
      one.rows.forEach((row, side) => {
        const x = columns[side] ?? 0;
        if (!row) return;
        parts.push(bars(look, x, y + 11, track, axis, row), text(x, y + 34, `${formatProbability(row.p_final)}   raw ${formatProbability(row.p_base)}`, { size: 12, fill: colours.soft, font }));
      });
      if (one.change !== null) parts.push(text(WIDTH - MARGIN, y + 25, formatChange(one.change), { fill: colours.ink, font, end: true }));
      y += 42;
    }
    return { drawn: parts.join(""), bottom: y };
  });
}
