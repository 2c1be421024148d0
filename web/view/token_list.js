// The tokens of a text and its completion, drawn in chunks, for the pills and for the stack.

import { h } from "../html.js";
import { isForced } from "../state/recorded.js";
import * as store from "../state/store.js";
import { inChunks } from "./chunks.js";
import { paints } from "./painted.js";
import { GeneratedToken, targetOf, Token } from "./token.js";

/** @import { TokenPill } from "../types/wire" */
/** @import { TokenNode } from "../types/app" */

/**
 * `around` draws what is around each token.
 * @param {readonly TokenPill[]} prompt
 * @param {readonly TokenNode[]} completion
 * @param {(key: string, token: any) => any} [around]
 */
export function drawTokens(prompt, completion, around = (_key, token) => token) {
  const paint = paints();
  const asks = store.method.value !== null;
  const last = completion.length - 1;
  return {
    prompt: inChunks(prompt, () => [paint.heat], (/** @type {TokenPill} */ token, index) => {
      const key = `p${index}`;
      return around(key, h(Token, { key, token, paint: paint.prompt(index) }));
    }),
    completion: inChunks(completion, (_first, end) => [paint.heat, asks, end > last], (/** @type {TokenNode} */ node, index) =>
      around(String(node.id), h(GeneratedToken, { key: String(node.id), token: node.token, index, last: index === last, forced: isForced(node),
        target: asks ? targetOf(node, index) : null, paint: paint.completion(index) }))),
  };
}
