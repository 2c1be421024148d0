// What is known about a token of the completion from the moment it was picked. Pure functions.

import { plural } from "../lib/format.js";
import { joinSplit } from "../lib/split_characters.js";

/** @import { DistributionRow } from "../types/wire" */
/** @import { NodeId, Origin, Session, TokenNode } from "../types/app" */

/**
 * The row of the token itself, which a step reports wherever it ranks.
 * @param {TokenNode} node
 * @returns {DistributionRow | null}
 */
export function ownRow({ dist, token }) {
  const isOwn = (/** @type {DistributionRow} */ row) => row.id === token.id;
  return dist?.tokens.find(isOwn) ?? dist?.probes?.find(isOwn) ?? null;
}

/** @param {TokenNode} node */
export function certainty(node) {
  return { p: ownRow(node)?.p_base ?? null, entropy: node.dist?.stages[0]?.entropy_bits ?? null };
}

/**
 * The text of a completion, with characters that several tokens share made whole.
 * @param {readonly TokenNode[]} completion
 */
export function completionText(completion) {
  const joined = joinSplit(completion.map((node) => node.token));
  return completion.map((node, index) => joined.get(index)?.text ?? node.token.text).join("");
}

/**
 * The text of the last token and of all before it. A piece of a character has no text of its own.
 * @param {readonly TokenNode[]} completion
 */
export function lastPart(completion) {
  const whole = completionText(completion);
  const before = completionText(completion.slice(0, -1));
  const node = completion.at(-1);
  if (node?.token.special) return { before, last: node.token.display };
  return whole.startsWith(before) ? { before, last: whole.slice(before.length) } : { before: whole, last: "" };
}

/** @type {Record<Origin, string>} */
const METHODS = {
  sampled: "Sampled",
  greedy: "Greedy",
  "forced:token": "Forced as a token",
  "forced:text": "Forced as text",
  "forced:overlay": "Forced as an alternative",
  "forced:past_end": "The end, forced to go on",
};

/** @param {TokenNode} node */
export function methodText({ origin, seed_used }) {
  return seed_used === null ? METHODS[origin] : `${METHODS[origin]} with seed ${seed_used}`;
}

/** @param {TokenNode} node */
export function isForced({ origin }) {
  return origin.startsWith("forced:");
}

/**
 * The settings at that time, in the order of the sampling stages.
 * @param {Pick<TokenNode, "params" | "dist">} node
 */
export function paramsText({ params, dist }) {
  const parts = [`repetition ${params.repetition_penalty}`];
  if (params.presence_penalty !== 0) parts.push(`presence ${params.presence_penalty}`);
  if (params.frequency_penalty !== 0) parts.push(`frequency ${params.frequency_penalty}`);
  if (params.greedy) parts.push("greedy");
  else parts.push(`temperature ${params.temperature}`, `top-p ${params.top_p}`);
  if (params.seed !== null) parts.push(`seed ${params.seed}`);
  if (params.stop_sequences.length > 0) parts.push(`stop ${params.stop_sequences.map((text) => JSON.stringify(text)).join(" ")}`);
  if (dist) parts.push(`${plural(dist.top_k, "candidate")} listed`);
  return parts.join(" · ");
}

/**
 * Tokens that were appended in the same place, by parent; the newest last.
 * @param {Session} session
 */
export function waysOn(session) {
  const ways = new Map(/** @type {[NodeId, TokenNode[]][]} */ ([]));
  for (const node of Object.values(session.nodes)) {
    if (node.parent === null) continue;
    const known = ways.get(node.parent);
    if (known) known.push(node);
    else ways.set(node.parent, [node]);
  }
  return ways;
}

/**
 * Other tokens that were once appended where this one stands. First tokens have no parent to tell
 * whether they followed the same text, but then they were picked from the same logits.
 * @param {Session} session
 * @param {TokenNode} node
 * @param {Map<NodeId, TokenNode[]>} [ways]
 */
export function otherWays(session, node, ways = waysOn(session)) {
  const alike = (/** @type {TokenNode} */ one) => one.parent === null && fingerprint(one) === fingerprint(node);
  const siblings = node.parent === null ? Object.values(session.nodes).filter(alike) : (ways.get(node.parent) ?? []);
  return siblings.filter((one) => one.token.id !== node.token.id);
}

/**
 * The end of the path that was taken last from this token on.
 * @param {Session} session
 * @param {NodeId} from
 * @returns {NodeId}
 */
export function newestEnd(session, from) {
  const ways = waysOn(session);
  let end = from;
  for (let next = ways.get(end); next; next = ways.get(end)) end = /** @type {TokenNode} */ (next.at(-1)).id;
  return end;
}

/** @param {TokenNode} node */
function fingerprint({ dist }) {
  return dist?.tokens.slice(0, 1).map((row) => `${row.id} ${row.logit}`).join() ?? "";
}
