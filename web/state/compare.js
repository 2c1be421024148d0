// Two branches side by side: where they part, what they were drawn from there, and which texts and settings
// differ. Pure.

import { pairOf } from "../lib/pair_rows.js";
import { commonPrefix, diffTokens, diffWords } from "../lib/token_diff.js";
import { completionOf } from "./session.js";

/** @import { Pair } from "../lib/pair_rows.js" */
/** @import { DiffPart, WordPart } from "../lib/token_diff.js" */
/** @import { Branch, Params, Session, TokenNode } from "../types/app" */

/**
 * @typedef {Object} Comparison
 * @property {TokenNode[][]} paths
 * @property {DiffPart[]} parts
 * @property {string[]} texts what differs before the completion, by name
 * @property {WordPart[][] | null} prompts the words of both prompts; null if they are the same
 * @property {number | null} fork the first place where the completions differ; null if they do not
 * @property {(TokenNode | null)[]} atFork the tokens there; null where a completion has ended
 * @property {{ name: string, values: string[] }[]} settings
 * @property {Pair} pair both distributions at the fork
 */

/**
 * @param {Session} session
 * @param {Branch} first
 * @param {Branch} second
 * @returns {Comparison}
 */
export function compareBranches(session, first, second) {
  const paths = [completionOf(session, first.leaf), completionOf(session, second.leaf)];
  const [a = [], b = []] = paths.map((path) => path.map((node) => node.token.id));
  const common = commonPrefix(a, b);
  const fork = common === Math.max(a.length, b.length) ? null : common;
  const atFork = paths.map((path) => (fork === null ? null : (path[fork] ?? null)));
  const params = [first, second].map((branch, index) => atFork[index]?.params ?? branch.params);
  return { paths, parts: diffTokens(a, b), texts: differentTexts(first, second), fork, atFork, settings: differentSettings(params), prompts: differentPrompts(first, second), pair: pairOf(atFork.map((node) => node?.dist)) };
}

/**
 * The branch that is compared with `branch` unless people choose: the one that shares most with it.
 * @param {Session} session
 * @param {Branch} branch
 */
export function nearestBranch(session, branch) {
  const ids = (/** @type {Branch} */ one) => completionOf(session, one.leaf).map((node) => node.token.id);
  const mine = ids(branch);
  const others = session.branches.filter((one) => one.id !== branch.id);
  const shared = (/** @type {Branch} */ one) => (differentTexts(one, branch).length > 0 ? -1 : commonPrefix(ids(one), mine));
  return others.reduce((best, one) => (best && shared(best) >= shared(one) ? best : one), others[0]) ?? null;
}

/**
 * @param {Branch} first
 * @param {Branch} second
 */
function differentTexts(first, second) {
  const texts = [];
  if (first.prompt !== second.prompt) texts.push("prompt");
  if (first.system !== second.system) texts.push("system message");
  if (first.use_template !== second.use_template) texts.push("use of the chat template");
  return texts;
}

/**
 * @param {Branch} first
 * @param {Branch} second
 */
function differentPrompts(first, second) {
  return first.prompt === second.prompt ? null : diffWords(first.prompt, second.prompt);
}

/** @param {Params[]} params */
function differentSettings(params) {
  const values = params.map((one) => /** @type {Record<string, unknown>} */ (one));
  const show = (/** @type {unknown} */ value) => (value === null ? "none" : Array.isArray(value) ? value.map((text) => JSON.stringify(text)).join(" ") || "none" : String(value));
  return Object.keys(values[0] ?? {})
    .map((name) => ({ name: name.replaceAll("_", " "), values: values.map((one) => show(one[name])) }))
    .filter((one) => one.name !== "preset" && one.values[0] !== one.values[1]);
}
