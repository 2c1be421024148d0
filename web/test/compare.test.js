// Diffs of tokens, two branches side by side, and the tree of a session.

import assert from "node:assert/strict";
import { test } from "node:test";
import { pairOf } from "../lib/pair_rows.js";
import { diffTokens, diffWords } from "../lib/token_diff.js";
import { addBranches, fork, selectBranch } from "../state/branches.js";
import { compareBranches, nearestBranch } from "../state/compare.js";
import { outlineOf } from "../state/outline.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { activeBranch, appendTokens, clear, createSession, deleteLast, setParams } from "../state/session.js";
import { dist, newToken, row } from "./samples.js";

/** @import { Run } from "../state/outline.js" */
/** @import { Branch, Session } from "../types/app" */

/** @param {string} first @param {string} second */
function diff(first, second) {
  const ids = (/** @type {string} */ text) => [...text].map((letter) => letter.charCodeAt(0));
  const signs = { same: "", first: "-", second: "+" };
  return diffTokens(ids(first), ids(second)).map(({ kind, first: a, second: b }) => signs[kind] + (a !== null ? first[a] : second[b ?? 0])).join("");
}

test("tokens are compared with as little apart as possible", () => {
  /** @type {[string, string, string][]} */
  const rows = [
    ["", "", ""], ["abc", "abc", "abc"], ["abc", "", "-a-b-c"], ["", "ab", "+a+b"], ["abc", "abd", "ab-c+d"],
    ["xbc", "ybc", "-x+ybc"], ["abcd", "acd", "a-bcd"], ["acd", "abcd", "a+bcd"], ["aa", "aaa", "aa+a"],
  ];
  for (const [first, second, expected] of rows) assert.equal(diff(first, second), expected, `${first} ${second}`);
});

test("both sequences can be read off a diff, and what they share is as long as it can be", () => {
  const random = (/** @type {number} */ seed) => [...Array(12).keys()].map((index) => "abc"[Math.floor(Math.abs(Math.sin(seed * 31 + index * 7)) * 3)]).join("");
  /** The textbook's recursion. @param {string} a @param {string} b @returns {number} */
  const longest = (a, b) => (a === "" || b === "" ? 0 : a[0] === b[0] ? 1 + longest(a.slice(1), b.slice(1)) : Math.max(longest(a.slice(1), b), longest(a, b.slice(1))));
  for (let seed = 1; seed < 20; seed += 1) {
    const [first, second] = [random(seed), random(seed + 100)];
    const ids = (/** @type {string} */ text) => [...text].map((letter) => letter.charCodeAt(0));
    const parts = diffTokens(ids(first), ids(second));
    assert.deepEqual(parts.flatMap((part) => part.first ?? []), [...first].map((_, index) => index));
    assert.deepEqual(parts.flatMap((part) => part.second ?? []), [...second].map((_, index) => index));
    const same = parts.filter((part) => part.kind === "same");
    assert.ok(same.every((part) => first[part.first ?? -1] === second[part.second ?? -1]));
    assert.equal(same.length, longest(first, second), `${first} ${second}`);
  }
});

test("sequences too long to compare in full are still told apart", () => {
  const [first, second] = [Array(3000).fill(1), Array(3000).fill(2)];
  const parts = diffTokens([7, ...first, 8], [7, ...second, 8]);
  assert.deepEqual([parts.length, parts[0]?.kind, parts.at(-1)?.kind], [6002, "same", "same"]);
});

test("words of two texts are told apart, whatever is written", () => {
  const marked = (/** @type {string} */ a, /** @type {string} */ b) => diffWords(a, b).map((words) => words.map(({ text, apart }) => (apart ? `[${text}]` : text)).join(""));
  /** @type {[string, string, string, string][]} */
  const rows = [
    ["The capital of France is", "The capital of Italy is", "The capital of [France] is", "The capital of [Italy] is"],
    ["one, two", "one; two", "one[,] two", "one[;] two"], ["", "new", "", "[new]"], ["né 東京 😀", "né 東京", "né 東京[ ][😀]", "né 東京"],
  ];
  for (const [a, b, ...expected] of rows) assert.deepEqual(marked(a, b), expected);
});

test("two distributions: what changes most comes first, and how much lies elsewhere is bounded", () => {
  /** @param {[string, number, number][]} rows final, raw */
  const of = (rows) => dist(rows.map(([display, p_final, p_base]) => row(display.charCodeAt(0), display, { p_final, p_base })));
  const round = (/** @type {number} */ value) => Number(value.toFixed(6));
  const pair = (/** @type {Parameters<typeof of>[0]} */ a, /** @type {Parameters<typeof of>[0]} */ b) => {
    const { rows, moved } = pairOf([of(a), of(b)]);
    const bounds = moved && [moved.final, moved.raw].map(({ low, high }) => [round(low), round(high)]);
    return [rows.map(({ display, change }) => `${display}${change === null ? "" : round(change)}`).join(" "), bounds];
  };
  /** @type {[string, Parameters<typeof of>[0], Parameters<typeof of>[0], unknown][]} */
  const table = [
    ["the same", [["a", 0.7, 0.6], ["b", 0.3, 0.4]], [["b", 0.3, 0.4], ["a", 0.7, 0.6]], ["a0 b0", [[0, 0], [0, 0]]]],
    ["noise of another pass is no change", [["a", 0.7, 0.6], ["b", 0.3, 0.4]], [["a", 0.700004, 0.600004], ["b", 0.299996, 0.399996]], ["a0 b0", [[0, 0], [0, 0]]]],
    ["nothing in common", [["a", 1, 1], ["b", 0, 0]], [["a", 0, 0], ["b", 1, 1]], ["a-1 b1", [[1, 1], [1, 1]]]],
    ["a raw change counts, too", [["a", 0.5, 0.5], ["b", 0.5, 0.1], ["c", 0, 0.4]], [["a", 0.5, 0.5], ["b", 0.5, 0.4], ["c", 0, 0.1]], ["b0 c0 a0", [[0, 0], [0.3, 0.3]]]],
    ["what has no row may be the same or not", [["a", 0.5, 0.5], ["b", 0.25, 0.25]], [["a", 0.25, 0.25], ["b", 0.5, 0.5]], ["a-0.25 b0.25", [[0.25, 0.5], [0.25, 0.5]]]],
    ["one lists what the other does not", [["a", 1, 1]], [["b", 1, 1]], ["a b", null]],
  ];
  for (const [what, a, b, expected] of table) assert.deepEqual(pair(a, b), expected, what);
});

const start = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
/** @param {string} text @param {Parameters<typeof newToken>[1]} [change] */
const write = (text, change) => (/** @type {Session} */ session) => appendTokens(session, [...text].map((letter) => newToken(letter, change)));
const hot = { ...DEFAULT_PARAMS, temperature: 1.5, seed: 3, preset: "custom" };
const left = dist([row(97, "a", { p_final: 0.9, p_base: 0.5 }), row(98, "b", { p_final: 0.1, p_base: 0.4 })]);
const right = dist([row(98, "b", { p_final: 0.6, p_base: 0.4 }), row(99, "c", { p_final: 0.4, p_base: 0.1 })]);
const stem = write("xy")(start);
/** "xyaz" and its fork "xyazbz"; of "xy??" the end was deleted. */
const forked = write("bz")(fork(write("az")(deleteLast(deleteLast(write("??")(stem))))));

test("two branches part where they part", () => {
  const base = write("a", { dist: left })(stem);
  const two = write("b", { dist: right, params: hot })(setParams(deleteLast(fork(base)), hot));
  const [first, second] = /** @type {[Branch, Branch]} */ (two.branches);
  const { fork: place, atFork, settings, texts, pair } = compareBranches(two, first, second);
  assert.deepEqual([place, atFork.map((node) => node?.token.display), texts], [2, ["a", "b"], []]);
  assert.deepEqual(settings, [{ name: "temperature", values: ["0.7", "1.5"] }, { name: "seed", values: ["none", "3"] }]);
  assert.deepEqual(pair.rows.map(({ display, rows: [a, b], change }) => [display, a?.p_final ?? null, b?.p_final ?? null, change]), [["a", 0.9, null, null], ["b", 0.1, 0.6, 0.5], ["c", null, 0.4, null]]);
  assert.equal(pair.moved, null);
});

test("a completion may end where the other goes on, and equal ones part nowhere", () => {
  const two = write("a")(fork(stem));
  const [first, second] = /** @type {[Branch, Branch]} */ (two.branches);
  assert.deepEqual(compareBranches(two, first, second).atFork.map((node) => node?.token.display ?? null), [null, "a"]);
  const same = compareBranches(fork(stem), first, activeBranch(fork(stem)));
  assert.deepEqual([same.fork, same.atFork, same.pair.rows], [null, [null, null], []]);
});

test("texts that differ are named, and the branch that shares most is compared", () => {
  const other = { ...activeBranch(stem), prompt: "Ho", system: "Be.", use_template: false };
  assert.deepEqual(compareBranches(stem, activeBranch(stem), other).texts, ["prompt", "system message", "use of the chat template"]);
  const three = addBranches(write("q")(clear(fork(write("a")(fork(stem))))), [other]);
  assert.equal(nearestBranch(three, /** @type {Branch} */ (three.branches[0]))?.id, 2);
  assert.equal(nearestBranch(start, activeBranch(start)), null);
});

/** @param {Run} run @returns {string} */
function look({ nodes, ends, ways }) {
  const names = ends.map((branch) => branch.id).join();
  return `${nodes.map((node) => node.token.display).join("")}${names && `:${names}`}${ways.length > 0 ? `(${ways.map(look).join(" ")})` : ""}`;
}

test("the tree has its branch points, the branches at their ends, and the paths that were left", () => {
  assert.deepEqual(outlineOf(forked).map(({ prompt, ends, ways }) => [prompt, ends.length, ways.map(look)]), [["Hi", 0, ["xy(?? az:1(bz:2))"]]]);
  const more = addBranches(selectBranch(forked, 1), [{ ...activeBranch(start), name: "new" }, { ...activeBranch(start), prompt: "Ho", name: "ho" }]);
  assert.deepEqual(outlineOf(more).map(({ prompt, ends }) => [prompt, ends.map((branch) => branch.name)]), [["Hi", ["new"]], ["Ho", ["ho"]]]);
});

test("a path may be longer than a stack is deep", () => {
  const long = write("a".repeat(20_000))(start);
  assert.equal(outlineOf(long)[0]?.ways[0]?.nodes.length, 20_000);
});
