// The tokens of a text and its completion, drawn in chunks, for the stack or the pills.

import { h } from "../html.js";
import { joinSplit, partsIn } from "../lib/split_characters.js";
import { isForced } from "../state/recorded.js";
import * as store from "../state/store.js";
import { inChunks } from "./chunks.js";
import { paints } from "./painted.js";
import { GeneratedToken, targetOf, Token } from "./token.js";

/** @import { TokenPill } from "../types/wire" */
/** @import { TokenNode } from "../types/app" */
/** @import { Range } from "./chunks.js" */

/**
 * `around` draws what is around each token, `wrap` what is around a chunk; `range` counts both lists as one.
 * @param {readonly TokenPill[]} prompt
 * @param {readonly TokenNode[]} completion
 * @param {{ around?: (key: string, token: any) => any, wrap?: (drawn: any) => any, range?: Range }} [how]
 */
export function drawTokens(prompt, completion, { around = (_key, token) => token, wrap, range = { first: 0, end: Infinity } } = {}) {
  const paint = paints();
  const asks = store.method.value !== null;
  const last = completion.length - 1;
  const wrapped = wrap ? { wrap } : {};
  const [given, made] = [joinSplit(prompt), joinSplit(completion.map((node) => node.token))];
  const drawPrompt = (/** @type {TokenPill} */ token, /** @type {number} */ index) => around(`p${index}`, h(Token, { key: `p${index}`, token, index, piece: given.get(index), paint: paint.prompt(index) }));
  const drawGenerated = (/** @type {TokenNode} */ node, /** @type {number} */ index) =>
    around(String(node.id), h(GeneratedToken, { key: String(node.id), token: node.token, index, piece: made.get(index), last: index === last, forced: isForced(node),
      target: asks ? targetOf(node, index) : null, paint: paint.completion(index) }));
  const there = inChunks(prompt, (first, end) => [paint.heat, partsIn(given, first, end), wrap !== undefined], drawPrompt, { ...wrapped, range });
  const rest = { first: range.first - prompt.length, end: range.end - prompt.length };
  const come = inChunks(completion, (first, end) => [paint.heat, partsIn(made, first, end), asks, end > last, wrap !== undefined], drawGenerated, { ...wrapped, range: rest });
  return { prompt: there.chunks, completion: come.chunks, before: there.before + come.before, after: there.after + come.after };
}
