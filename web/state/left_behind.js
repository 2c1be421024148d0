// Ways that the active input once took and that no input leads to any more: after an alternative, a
// deletion, or another text. Pure.

import { completionOf } from "./session.js";

/** @import { Branch, Moment, NodeId, Session, TokenNode } from "../types/app" */

/** @typedef {Pick<Branch, "prompt" | "system" | "use_template">} Text */
/** @typedef {{ leaf: NodeId, nodes: TokenNode[], text: Text, here: boolean }} Left `nodes` are those beyond what is still there, `here` says that they follow the present text */

/** More would be a list to search in. */
const MOST = 8;

/**
 * Newest first.
 * @param {Session} session
 * @param {readonly Moment[]} past
 * @returns {Left[]}
 */
export function leftBehind(session, past) {
  const active = /** @type {Branch} */ (session.branches[session.active]);
  const onPath = new Set(completionOf(session).map(({ id }) => id));
  const reached = new Set(session.branches.flatMap(({ leaf }) => completionOf(session, leaf).map(({ id }) => id)));
  const texts = textsOf(active, past);
  const left = /** @type {Left[]} */ ([]);
  // A token is older than those that follow it, so the newest is the end of its way.
  for (const end of Object.values(session.nodes).reverse()) {
    if (left.length === MOST) break;
    if (reached.has(end.id)) continue;
    const nodes = /** @type {TokenNode[]} */ ([]);
    let text = /** @type {Text | undefined} */ (undefined);
    let node = /** @type {TokenNode | undefined} */ (end);
    for (; node && !reached.has(node.id); node = node.parent === null ? undefined : session.nodes[node.parent]) {
      reached.add(node.id);
      nodes.push(node);
      text ??= texts.get(node.id);
    }
    if (node && onPath.has(node.id)) text = active;
    if (text) left.push({ leaf: end.id, nodes: nodes.reverse(), text, here: isSame(text, active) });
  }
  return left;
}

/**
 * Which text the tokens of an input followed: its moments know, its first tokens do not.
 * @param {Branch} active
 * @param {readonly Moment[]} past
 */
function textsOf(active, past) {
  const texts = new Map(/** @type {[NodeId, Text][]} */ ([]));
  for (const { branches } of past) {
    const branch = branches.find(({ id }) => id === active.id);
    if (branch && branch.leaf !== null) texts.set(branch.leaf, branch);
  }
  return texts;
}

/**
 * @param {Text} a
 * @param {Text} b
 */
function isSame(a, b) {
  return a.prompt === b.prompt && a.system === b.system && a.use_template === b.use_template;
}
