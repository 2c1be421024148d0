// A distribution as a picture: rows as on the page, with what a reader elsewhere needs to understand them.

import { lostFavourites, runsOf } from "../lib/candidates.js";
import { formatProbability, stageName } from "../lib/format.js";
import { box, element, INNER, MARGIN, picture, shorten, text, WIDTH } from "./svg.js";

/** @import { Distribution, DistributionRow } from "../types/wire" */
/** @import { Look } from "./svg.js" */

/** @typedef {{ share: (p: number) => number, ends: string[] }} Axis `share` of the track's length, from 0 to 1 */
/** @typedef {{ title: string, under: string, source: string }} Words */

const ROW = 28;
const TOKEN = { x: MARGIN + 52, width: 220 };
const NUMBER = 72;
const TRACK = { x: TOKEN.x + TOKEN.width + 16, width: INNER - 52 - TOKEN.width - 16 - 2 * NUMBER };

/**
 * @param {Look} look
 * @param {Words} words
 * @param {Distribution} dist
 * @param {Axis} axis
 * @param {number | null} chosen the token that was taken
 */
export function distributionPicture(look, words, dist, axis, chosen) {
  const { colours, font } = look;
  return picture(look, words, (top) => {
    const head = top + 34;
    const small = (/** @type {number} */ x, /** @type {string} */ content, end = false) => text(x, head, content, { size: 12, fill: colours.soft, font, end });
    const parts = [legend(look, MARGIN, top + 4), small(MARGIN, "#"), small(TOKEN.x, "token"), small(TRACK.x, axis.ends[0] ?? "0"), small(TRACK.x + TRACK.width, axis.ends[1] ?? "1", true),
      small(WIDTH - MARGIN - NUMBER, "final", true), small(WIDTH - MARGIN, "raw", true), line(look, head + 7)];
    let y = head + 12;
    const runs = runsOf(dist.tokens);
    for (const [index, row] of dist.tokens.entries()) {
      const run = runs.find((one) => one.first === index);
      if (run) {
        parts.push(line(look, y + 4, colours.red), text(TRACK.x, y + 16, cutText(run.stage), { size: 12, fill: colours.red, font }));
        y += 22;
      }
      parts.push(rowOf(look, y, row, axis, row.id === chosen));
      y += ROW;
    }
    const lost = lostFavourites(dist);
    if (lost.length > 0) parts.push(text(TOKEN.x, (y += 18), "What the model itself ranks higher:", { size: 12, fill: colours.soft, font }));
    if (lost.length > 0) y += 6;
    for (const row of lost) {
      parts.push(rowOf(look, y, row, axis, row.id === chosen));
      y += ROW;
    }
    parts.push(line(look, y + 3), rowOf(look, y + 4, { p_final: dist.other_p_final, p_base: dist.other_p_base }, axis, false));
    return { drawn: parts.join(""), bottom: y + ROW + 4 };
  });
}

/**
 * What the two bars mean.
 * @param {Look} look
 * @param {number} x
 * @param {number} y of their middle
 */
export function legend({ colours, font, measure }, x, y) {
  const names = ["raw: what the model says", "final: the chances in the draw"];
  const second = x + 28 + measure(names[0] ?? "", 13, font) + 28;
  const name = (/** @type {number} */ at, /** @type {number} */ which) => text(at, y + 5, names[which] ?? "", { size: 13, fill: colours.ink, font });
  return box(x + 0.5, y - 5.5, 20, 11, { fill: "none", stroke: colours.soft, rx: 2 }) + name(x + 28, 0) + box(second, y - 3, 20, 6, { fill: colours.blue, rx: 1 }) + name(second + 28, 1);
}

/**
 * Both bars of a probability on one track.
 * @param {Look} look
 * @param {number} x
 * @param {number} y of the middle
 * @param {number} width of the track
 * @param {Axis} axis
 * @param {Pick<DistributionRow, "p_final" | "p_base">} row
 */
export function bars({ colours }, x, y, width, axis, { p_final, p_base }) {
  const [final, raw] = [p_final, p_base].map((p) => width * Math.min(1, Math.max(0, axis.share(p))));
  return element("path", { d: `M${x} ${y + 8.5}h${width}`, stroke: colours.line }) + box(x, y - 3, final ?? 0, 6, { fill: colours.blue, rx: 1 }) +
    box(x + 0.5, y - 6.5, Math.max(1, (raw ?? 0) - 1), 13, { fill: "none", stroke: colours.soft, rx: 2 });
}

/**
 * A row without a token stands for all others.
 * @param {Look} look
 * @param {number} y of the upper edge
 * @param {Partial<DistributionRow> & Pick<DistributionRow, "p_final" | "p_base">} row
 * @param {Axis} axis
 * @param {boolean} chosen
 */
function rowOf(look, y, row, axis, chosen) {
  const { colours, font, mono } = look;
  const [middle, base] = [y + ROW / 2, y + ROW / 2 + 5];
  const other = row.display === undefined;
  const ink = row.kept === false || other ? colours.soft : row.special ? colours.amber : colours.ink;
  const number = (/** @type {number} */ x, /** @type {number} */ p, /** @type {string} */ fill) => text(x, base, formatProbability(p), { fill, font, end: true });
  return [
    chosen ? box(MARGIN - 8, y + 1, INNER + 16, ROW - 2, { fill: colours.tealFill, rx: 4 }) : "",
    other ? "" : text(MARGIN, base, row.rank_final ? String(row.rank_final) : `raw ${row.rank_base}`, { size: 12, fill: colours.soft, font }),
    text(TOKEN.x, base, shorten(look, visible(row.display ?? "all others"), 14, other ? font : mono, TOKEN.width), { fill: ink, font: other ? font : mono }),
    bars(look, TRACK.x, middle, TRACK.width, axis, row),
    number(WIDTH - MARGIN - NUMBER, row.p_final, ink),
    number(WIDTH - MARGIN, row.p_base, colours.soft),
  ].join("");
}

/** @param {string} stage */
function cutText(stage) {
  if (stage === "constraint") return "the grammar forbids";
  return stage === "" ? "cut" : `cut by ${stageName(stage)}`;
}

/** Many fonts lack the sign that the server writes for a space. @param {string} display */
export function visible(display) {
  return display.replaceAll("␠", "␣");
}

/**
 * @param {Look} look
 * @param {number} y
 * @param {string} [stroke]
 */
function line({ colours }, y, stroke = colours.line) {
  return element("path", { d: `M${MARGIN} ${y}h${INNER}`, stroke, "stroke-dasharray": stroke === colours.red ? "4 3" : null });
}
