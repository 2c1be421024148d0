// What is on screen as pictures. Each function takes how a picture looks and gives an SVG, or null where there
// is nothing to draw.

import { fetchExtras } from "../http/extras.js";
import { formatBits, formatCount, formatEnd } from "../lib/format.js";
import { probabilitiesIn } from "../lib/pair_rows.js";
import { axisEnds, barScale, fittingAxis } from "../lib/scale.js";
import { joinSplit } from "../lib/split_characters.js";
import { MEASURES, tintLevel } from "../lib/tint.js";
import { constraint, kind } from "./constraint.js";
import { outlineOf } from "./outline.js";
import { measure } from "./reading.js";
import { certainty, completionText, paramsText } from "./recorded.js";
import { axis } from "./rows_view.js";
import { completionOf } from "./session.js";
import * as store from "./store.js";

/** @import { Axis } from "../lib/scale.js" */
/** @import { Look } from "../picture/svg.js" */
/** @import { Piece } from "../picture/text.js" */
/** @import { Twig } from "../picture/branches.js" */
/** @import { Branch } from "../types/app" */
/** @import { Run } from "./outline.js" */

/** So much of a text's end stands in a title. */
const TITLE = 90;

/** @param {Look} look */
export async function distributionAsPicture(look) {
  const { dist = null, chosen = null } = store.shown.value ?? {};
  if (!dist) return null;
  const bits = dist.stages.at(-1)?.entropy_bits;
  const kept = `${formatCount(dist.kept_token_count)} kept${bits === undefined ? "" : `, ${formatBits(bits)}`}`;
  return (await fetchExtras()).distributionPicture(look, words(`Next token after: ${tail(store.branch.value)}`, kept), dist, drawnAxis(axis.value), chosen);
}

/** @param {Look} look */
export async function textAsPicture(look) {
  const completion = store.completion.value;
  const { prompt } = store.branch.value;
  const chosen = MEASURES.find((one) => one.id === measure.value);
  if (!chosen || (prompt === "" && completion.length === 0)) return null;
  const joined = joinSplit(completion.map((node) => node.token));
  /** @type {Piece[]} */
  const pieces = prompt === "" ? [] : [{ text: store.templateInUse.value ? `${prompt}\n` : prompt, level: null, kind: "prompt" }];
  completion.forEach((node, index) => {
    const part = joined.get(index);
    const level = node.token.special ? null : tintLevel(chosen.id, certainty(node));
    // A character that several tokens share is drawn once, and as its most surprising part.
    if (part && part.part > 0) {
      const whole = pieces.at(-1);
      if (whole && level !== null) whole.level = Math.max(whole.level ?? 0, level);
      return;
    }
    const text = part ? part.text : node.token.special ? node.token.display : node.token.text;
    pieces.push({ text, level, kind: node.token.special ? "special" : "plain" });
  });
  return (await fetchExtras()).textPicture(look, words(`${chosen.label} of each token that was written`, `${formatCount(completion.length)} tokens`), pieces, chosen);
}

/** @param {Look} look */
export async function treeAsPicture(look) {
  const twigs = /** @type {Twig[]} */ ([]);
  const namesOf = (/** @type {Branch[]} */ ends) => ends.map(({ name }) => name);
  for (const { prompt, ends, ways } of outlineOf(store.session.value)) {
    twigs.push({ depth: 0, text: oneLine(prompt) || "empty text", kind: "prompt", names: namesOf(ends) });
    const open = ways.map((run) => ({ run, depth: 1 })).reverse();
    for (let next = open.pop(); next; next = open.pop()) {
      const { nodes, ends: here, ways: on } = /** @type {Run} */ (next.run);
      const depth = next.depth;
      twigs.push({ depth, text: oneLine(completionText(nodes)), kind: here.length === 0 && on.length === 0 ? "left" : "run", names: namesOf(here) });
      // Deeper steps would leave no room for the text.
      open.push(...on.map((run) => ({ run, depth: Math.min(12, depth + 1) })).reverse());
    }
  }
  return (await fetchExtras()).treePicture(look, { ...words("Tree of tokens", ""), under: "" }, twigs);
}

/**
 * @param {Look} look
 * @param {Branch[]} two
 * @param {string} sum
 */
export async function pairAsPicture(look, two, sum) {
  const pair = store.nextPair.value?.pair;
  if (!pair) return null;
  const [a, b] = two.map(({ params }) => paramsText({ params, dist: null }));
  const under = a === b ? knobs(a ?? "") : two.map(({ name }, side) => `${name}: ${side === 0 ? a : b}`).join("   ");
  const [names, texts] = [two.map(({ name }) => name), two.map(tail)];
  return (await fetchExtras()).pairPicture(look, { ...words("The next token of two inputs", ""), under }, { names, texts, pair, axis: drawnAxis(fittingAxis(probabilitiesIn(pair.rows))), sum });
}

/**
 * @param {string} title
 * @param {string} more
 */
function words(title, more) {
  const under = [knobs(paramsText({ params: store.branch.value.params, dist: null })), more].filter((one) => one !== "").join(" · ");
  return { title, under, source: `Tokenscope, ${store.status.value?.model_id ?? "no model"}` };
}

/** @param {string} params */
function knobs(params) {
  return constraint.value ? `${params} · grammar: ${kind.value?.label ?? "on"}` : params;
}

/** The end of an input's text, on one line. @param {Branch} branch */
function tail({ prompt, leaf }) {
  const written = oneLine(prompt + completionText(completionOf(store.session.value, leaf)));
  const letters = [...written];
  return letters.length > TITLE ? `…${letters.slice(-TITLE).join("")}` : written;
}

/** @param {string} text */
function oneLine(text) {
  return text.replaceAll("\n", "⏎").replaceAll("\t", "⇥").trim();
}

/** @param {Axis} axis */
function drawnAxis(axis) {
  const width = barScale(axis);
  return { share: (/** @type {number} */ p) => parseFloat(width(p)) / 100, ends: axisEnds(axis).map(formatEnd) };
}
