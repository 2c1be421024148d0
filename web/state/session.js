// A session is a tree of tokens and the branches that point into it. Every function takes a
// session and returns a new one; nodes never change, so a fork, a rewind or an undo only moves a
// branch's leaf and nothing is lost.

import { sameTexts } from "./params.js";

/** @import { Branch, NewToken, NodeId, Params, Place, Session, TokenNode } from "../types/app" */

/**
 * @param {{ name?: string, prompt: string, system: string, params: Params }} start
 * @returns {Session}
 */
export function createSession({ name = "Input 1", prompt, system, params }) {
  return {
    version: 1,
    nodes: {},
    branches: [{ id: 1, name, prompt, system, use_template: true, leaf: null, params }],
    active: 0,
  };
}

/**
 * @param {Session} session
 * @returns {Branch}
 */
export function activeBranch(session) {
  const branch = session.branches[session.active];
  if (!branch) throw new Error(`The session has no branch ${session.active}.`);
  return branch;
}

/**
 * The tokens from the first of a completion to `leaf`.
 * @param {Session} session
 * @param {NodeId | null} [leaf]
 * @returns {TokenNode[]}
 */
export function completionOf(session, leaf = activeBranch(session).leaf) {
  const nodes = [];
  for (let id = leaf; id !== null; ) {
    const node = session.nodes[id];
    if (!node) throw new Error(`The session has no token node ${id}.`);
    nodes.push(node);
    id = node.parent;
  }
  return nodes.reverse();
}

/**
 * How many tokens of the completion lie on the way to a token. Zero if the session does not hold it.
 * @param {Session} session
 * @param {TokenNode | null} node
 */
export function sharedLength(session, node) {
  if (node === null || session.nodes[node.id] !== node) return 0;
  const way = completionOf(session, node.id);
  const first = completionOf(session).findIndex((one, index) => one !== way[index]);
  return first >= 0 ? first : completionOf(session).length;
}

/**
 * Appends tokens behind the active branch's leaf.
 * @param {Session} session
 * @param {NewToken[]} tokens
 * @returns {Session}
 */
export function appendTokens(session, tokens) {
  let parent = activeBranch(session).leaf;
  let id = lastNodeId(session);
  const nodes = { ...session.nodes };
  for (const token of tokens) {
    id += 1;
    nodes[id] = { ...token, id, parent };
    parent = id;
  }
  return changeBranch({ ...session, nodes }, { leaf: parent });
}

/**
 * @param {Session} session
 * @param {NodeId | null} leaf
 * @returns {Session}
 */
export function moveLeaf(session, leaf) {
  return leaf === activeBranch(session).leaf ? session : changeBranch(session, { leaf });
}

/**
 * @param {Session} session
 * @returns {Session}
 */
export function deleteLast(session) {
  const last = lastNode(session);
  return last ? moveLeaf(session, last.parent) : session;
}

/**
 * Clears the completion. Texts and parameters stay.
 * @param {Session} session
 * @returns {Session}
 */
export function clear(session) {
  return moveLeaf(session, null);
}

/**
 * A completion continues a text, so another text starts without it.
 * @param {Session} session
 * @param {{ prompt?: string, system?: string }} text
 * @returns {Session}
 */
export function editText(session, text) {
  const { prompt, system, leaf } = activeBranch(session);
  if (leaf === null && (text.prompt ?? prompt) === prompt && (text.system ?? system) === system) return session;
  return changeBranch(session, { ...text, leaf: null });
}

/**
 * The completion stays: seeing the same tokens with and without the template is the point.
 * @param {Session} session
 * @param {boolean} useTemplate
 * @returns {Session}
 */
export function setTemplate(session, useTemplate) {
  return changeBranch(session, { use_template: useTemplate });
}

/**
 * @param {Session} session
 * @param {Params} params
 * @returns {Session}
 */
export function setParams(session, params) {
  return changeBranch(session, { params });
}

/**
 * Why the active branch cannot be continued, or null. The end of a text is final; a stop sequence
 * ends the run only as long as it is asked for.
 * @param {Session} session
 * @returns {string | null}
 */
export function stopReason(session) {
  const last = lastNode(session);
  if (!last || last.stop_reason !== "stop_sequence") return last?.stop_reason ?? null;
  const { params } = activeBranch(session);
  return sameTexts(params.stop_sequences, last.params.stop_sequences) ? last.stop_reason : null;
}

/**
 * @param {Session} session
 * @returns {TokenNode | null}
 */
export function lastNode(session) {
  const { leaf } = activeBranch(session);
  return leaf === null ? null : (session.nodes[leaf] ?? null);
}

/**
 * Where the session stands. An answer belongs to the place it was asked for.
 * @param {Session} session
 * @returns {Place}
 */
export function placeOf(session) {
  const { id, prompt, system, use_template, leaf } = activeBranch(session);
  return { branch: id, prompt, system, use_template, leaf };
}

/**
 * @param {Place} a
 * @param {Place} b
 */
export function samePlace(a, b) {
  return a.leaf === b.leaf && sameInput(a, b);
}

/**
 * True when `place` is a position the current completion went through (or stands at).
 * @param {Session} session
 * @param {Place} place
 */
export function isOnPath(session, place) {
  if (!sameInput(place, placeOf(session))) return false;
  return place.leaf === null || completionOf(session).some((node) => node.id === place.leaf);
}

/**
 * True when both places continue the same text.
 * @param {Place} a
 * @param {Place} b
 */
export function sameInput(a, b) {
  return a.branch === b.branch && a.prompt === b.prompt && a.system === b.system && a.use_template === b.use_template;
}

/**
 * The largest id that was ever given to a node.
 * @param {Session} session
 */
export function lastNodeId({ nodes }) {
  // Whole numbers are keys in rising order.
  return Number(Object.keys(nodes).at(-1) ?? 0);
}

/**
 * Changes the active branch.
 * @param {Session} session
 * @param {Partial<Omit<Branch, "id">>} change
 * @returns {Session}
 */
export function changeBranch(session, change) {
  const branches = session.branches.map((branch, index) => (index === session.active ? { ...branch, ...change } : branch));
  return { ...session, branches };
}
