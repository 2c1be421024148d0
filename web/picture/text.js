// The running text as a picture, tinted as on the page.

import { LINES_UNDER, SHADES } from "../lib/tint.js";
import { box, graphemes, INNER, MARGIN, picture, text } from "./svg.js";

/** @import { Look } from "./svg.js" */
/** @import { Words } from "./distribution.js" */

/** @typedef {{ text: string, level: number | null, kind: "prompt" | "plain" | "special" }} Piece a token as it is read; a text with line breaks may be one, too */
/** @typedef {{ text: string, x: number, width: number, piece: Piece, rtl: boolean }} Placed */

const SIZE = 18;
const LINE = 32;
/** Of a longer text the end is drawn, which is what the picture is about. */
const MOST_LINES = 200;

/**
 * @param {Look} look
 * @param {Words} words
 * @param {Piece[]} pieces
 * @param {{ low: string, high: string }} ends of the scale in the legend
 */
export function textPicture(look, words, pieces, { low, high }) {
  const { colours, font, measure } = look;
  return picture(look, words, (top) => {
    const start = MARGIN + measure(low, 13, font) + 10;
    const swatches = SHADES.map((_, level) => tint(look, level, start + 18 * level, top - 7, 18, 14));
    const after = start + 18 * SHADES.length + 10;
    const parts = [text(MARGIN, top + 5, low, { size: 13, fill: colours.soft, font }), ...swatches,
      box(start - 0.5, top - 7.5, 18 * SHADES.length + 1, 15, { fill: "none", stroke: colours.line }), text(after, top + 5, high, { size: 13, fill: colours.soft, font })];
    let y = top + 22;
    const lines = linesOf(look, pieces, INNER);
    if (lines.length > MOST_LINES) parts.push(text(MARGIN, (y += 18), `… ${lines.length - MOST_LINES} lines before are left out`, { size: 13, fill: colours.soft, font }));
    for (const { placed, runs } of lines.slice(-MOST_LINES)) {
      for (const one of placed) if (one.piece.level !== null) parts.push(tint(look, one.piece.level, MARGIN + one.x, y + 2, one.width, LINE - 6));
      for (const { content, x, width, kind, rtl } of runs)
        parts.push(text(MARGIN + (rtl ? x + width : x), y + LINE / 2 + 5, content, { size: SIZE, fill: kind === "prompt" ? colours.soft : kind === "special" ? colours.amber : colours.ink, font, rtl }));
      y += LINE;
    }
    return { drawn: parts.join(""), bottom: y };
  });
}

/**
 * @param {Look} look
 * @param {number} level
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 */
function tint({ colours }, level, x, y, width, height) {
  const [shade, line] = [SHADES[level] ?? 0, LINES_UNDER[level] ?? 0];
  return (shade === 0 ? "" : box(x, y, width, height, { fill: colours.blue, "fill-opacity": String(shade / 100) })) + (line === 0 ? "" : box(x, y + height - line, width, line, { fill: colours.blue }));
}

const RTL = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\ud802\ud803\ud83a\ud83b][\udc00-\udfff]/;
const LETTER = /\p{L}/u;
const DIGIT = /\p{N}/u;

/**
 * Pieces on lines: broken where words end, between the characters of scripts without spaces, and within a word
 * that is wider than a line. Where a line is read from right to left, pieces stand in that order; those of the
 * other direction in between keep theirs.
 * @param {Look} look
 * @param {Piece[]} pieces
 * @param {number} width
 */
export function linesOf(look, pieces, width) {
  const size = (/** @type {Piece[]} */ list) => look.measure(list.map((one) => one.text).join("").trimEnd(), SIZE, look.font);
  const lines = /** @type {Piece[][]} */ ([]);
  let line = /** @type {Piece[]} */ ([]);
  const end = () => {
    lines.push(line);
    line = [];
  };
  for (const word of wordsOf(pieces)) {
    if (word.length === 0) {
      end();
      continue;
    }
    if (line.length > 0 && size([...line, ...word]) > width) end();
    if (size(word) <= width) line.push(...word);
    else
      for (const piece of word)
        for (const letter of graphemes(piece.text)) {
          if (line.length > 0 && size([...line, { ...piece, text: letter }]) > width) end();
          const last = line.at(-1);
          if (last && last.level === piece.level && last.kind === piece.kind) line[line.length - 1] = { ...last, text: last.text + letter };
          else line.push({ ...piece, text: letter });
        }
  }
  if (line.length > 0) end();
  return lines.map((one) => placeLine(look, one, width));
}

/**
 * Runs of pieces that stay on one line; an empty one is a line break.
 * @param {Piece[]} pieces
 * @returns {Piece[][]}
 */
function wordsOf(pieces) {
  const words = /** @type {Piece[][]} */ ([]);
  let open = false;
  for (const piece of pieces)
    for (const part of piece.text.replaceAll("\t", "⇥").split(/(\n)|(?<=[^\S\n])(?=\S)|(?<=\S)(?=[^\S\n])|(?=[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef])|(?<=[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef])/u)) {
      if (!part) continue;
      if (part === "\n") {
        words.push([{ ...piece, text: "⏎" }], []);
        open = false;
        continue;
      }
      const breaks = /^[\u3040-\u30ff\u3400-\u9fff\uff00-\uffef]/.test(part);
      const last = words.at(-1);
      if (open && !breaks && last) last.push({ ...piece, text: part });
      else words.push([{ ...piece, text: part }]);
      // A space is the end of what is before it, and may hang over the edge.
      open = part.trim() !== "";
    }
  return words;
}

/**
 * @param {Look} look
 * @param {Piece[]} pieces
 * @param {number} width
 */
function placeLine(look, pieces, width) {
  const whole = pieces.map((one) => one.text).join("");
  const base = RTL.test([...whole].find((letter) => RTL.test(letter) || LETTER.test(letter)) ?? "");
  const directions = directionsOf(pieces, base);
  // Neighbours of one direction and one colour are one text, so that letters join as they should.
  const runs = /** @type {{ pieces: Piece[], rtl: boolean, kind: Piece["kind"] }[]} */ ([]);
  for (const [index, piece] of pieces.entries()) {
    const rtl = directions[index] ?? base;
    const last = runs.at(-1);
    if (last && last.rtl === rtl && last.kind === piece.kind) last.pieces.push(piece);
    else runs.push({ pieces: [piece], rtl, kind: piece.kind });
  }
  const total = runs.map((run) => look.measure(run.pieces.map((one) => one.text).join(""), SIZE, look.font));
  let x = base ? Math.max(0, width - total.reduce((sum, one) => sum + one, 0)) : 0;
  const placed = /** @type {Placed[]} */ ([]);
  const texts = [];
  const order = runs.map((run, index) => ({ ...run, width: total[index] ?? 0 }));
  if (base) order.reverse();
  for (const run of order) {
    let before = "";
    for (const piece of run.pieces) {
      const from = look.measure(before, SIZE, look.font);
      before += piece.text;
      const to = look.measure(before, SIZE, look.font);
      placed.push({ text: piece.text, x: run.rtl ? x + run.width - to : x + from, width: to - from, piece, rtl: run.rtl });
    }
    texts.push({ content: before, x, width: run.width, kind: run.kind, rtl: run.rtl });
    x += run.width;
  }
  return { placed, runs: texts };
}

/**
 * Whether each piece is read from right to left: letters say so; a number goes with the letters before it, and
 * what is neither with both sides if they agree, else with the line.
 * @param {Piece[]} pieces
 * @param {boolean} base
 */
function directionsOf(pieces, base) {
  const strong = pieces.map(({ text }) => (RTL.test(text) ? true : LETTER.test(text) ? false : null));
  const before = (/** @type {number} */ index) => strong.slice(0, index).findLast((one) => one !== null) ?? base;
  const known = strong.map((one, index) => one ?? (DIGIT.test(pieces[index]?.text ?? "") ? before(index) : null));
  return known.map((one, index) => {
    const [left, right] = [known.slice(0, index).findLast((other) => other !== null) ?? base, known.slice(index).find((other) => other !== null) ?? base];
    return one ?? (left === right ? left : base);
  });
}
