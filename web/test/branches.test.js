// Branches: new, copied, named, deleted, selected.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as branches from "../state/branches.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { activeBranch, appendTokens, completionOf, createSession } from "../state/session.js";
import { newToken } from "./samples.js";

/** @import { Session } from "../types/app" */

const start = createSession({ prompt: "Hi", system: "Be kind.", params: { ...DEFAULT_PARAMS, seed: 3 } });
const written = appendTokens(start, [newToken("a"), newToken("b")]);
const three = branches.duplicate(branches.fork(written));

/** @param {Session} session */
const names = (session) => session.branches.map((branch, index) => (index === session.active ? `[${branch.name}]` : branch.name)).join(" ");
/** @param {Session} session */
const text = (session) => completionOf(session).map((node) => node.token.display).join("");

test("a fork has everything and is last and active", () => {
  const forked = branches.fork(written);
  assert.equal(names(forked), "Input 1 [Input 2]");
  const [from, to] = forked.branches;
  assert.deepEqual({ ...to, id: from?.id, name: from?.name }, from);
  assert.notEqual(to?.id, from?.id);
  assert.equal(text(appendTokens(forked, [newToken("c")])), "abc");
  assert.equal(text(branches.selectBranch(appendTokens(forked, [newToken("c")]), 1)), "ab");
});

test("a duplicate starts over from the same text", () => {
  const copy = branches.duplicate(written);
  assert.equal(text(copy), "");
  assert.deepEqual([activeBranch(copy).prompt, activeBranch(copy).system, activeBranch(copy).params.seed], ["Hi", "Be kind.", 3]);
});

test("the neighbour of a deleted branch becomes active, and the last branch stays", () => {
  /** @type {[number, number, string][]} active, deleted, what is left */
  const rows = [
    [1, 1, "[Input 2] Input 3"], [2, 2, "Input 1 [Input 3]"], [3, 3, "Input 1 [Input 2]"],
    [3, 1, "Input 2 [Input 3]"], [1, 3, "[Input 1] Input 2"], [2, 9, "Input 1 [Input 2] Input 3"],
  ];
  for (const [active, id, left] of rows) assert.equal(names(branches.deleteBranch(branches.selectBranch(three, active), id)), left, `${active} ${id}`);
  assert.equal(branches.deleteBranch(start, 1), start);
});

test("a free name is given once", () => {
  assert.equal(names(branches.fork(branches.deleteBranch(three, 1))), "Input 2 Input 3 [Input 4]");
  assert.equal(names(branches.fork(branches.renameBranch(three, 2, "Input 4"))), "Input 1 Input 4 Input 3 [Input 5]");
});

test("names are trimmed and short, and never blank", () => {
  /** @type {[string, string][]} */
  const rows = [[" hot ", "hot"], ["  ", "Input 1"], ["Input 1", "Input 1"], ["x".repeat(99), "x".repeat(60)]];
  for (const [typed, name] of rows) assert.equal(branches.renameBranch(start, 1, typed).branches[0]?.name, name, typed);
  assert.equal(branches.renameBranch(start, 1, ""), start);
});

test("selecting what is active or unknown changes nothing", () => {
  for (const id of [3, 7]) assert.equal(branches.selectBranch(three, id), three);
});

test("names stay apart: one that is taken gets a number", () => {
  const { id: _id, ...one } = start.branches[0] ?? assert.fail();
  const twice = branches.addBranches(branches.addBranches(start, [one]), [one, { ...one, name: "Other" }]);
  assert.equal(names(twice), "Input 1 Input 1 (2) [Input 1 (3)] Other");
});
