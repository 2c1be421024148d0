// Undo and redo as pure functions.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fork } from "../state/branches.js";
import { dropUnreachable, MOST_MOMENTS, NO_HISTORY, record, redo, undo } from "../state/history.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, clear, completionOf, createSession, deleteLast, editText } from "../state/session.js";
import { newToken } from "./samples.js";

/** @import { History, Session } from "../types/app" */
/** @typedef {{ session: Session, history: History }} State */

const start = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });

/** @param {State} state @param {(session: Session) => Session} change @param {string | null} [run] */
function edit({ session, history }, change, run = null) {
  return { session: change(session), history: record(history, session, { label: "edit", run }) };
}
/** @param {string} display */
const write = (display) => (/** @type {Session} */ session) => appendTokens(session, [newToken(display)]);
/** @param {Session} session */
const look = (session) => `${session.branches.map((branch) => `${branch.prompt}:${completionOf(session, branch.leaf).map((node) => node.token.display).join("")}`).join(" ")} at ${session.active}`;
/** @param {State} state @param {typeof undo} how @returns {State} */
function go({ session, history }, how) {
  const next = how(history, session);
  assert.ok(next, "there is nowhere to go");
  return next;
}

test("every kind of edit goes back and forth", () => {
  const edits = [write("a"), write("b"), fork, deleteLast, clear, write("c"), (/** @type {Session} */ session) => editText(session, { prompt: "Ho" })];
  /** @type {State} */
  let state = { session: start, history: NO_HISTORY };
  const looks = [look(state.session)];
  for (const one of edits) looks.push(look((state = edit(state, one)).session));
  for (const expected of looks.slice(0, -1).reverse()) assert.equal(look((state = go(state, undo)).session), expected);
  assert.equal(undo(state.history, state.session), null);
  for (const expected of looks.slice(1)) assert.equal(look((state = go(state, redo)).session), expected);
  assert.equal(redo(state.history, state.session), null);
});

test("an edit after an undo forgets what was undone", () => {
  const undone = go(edit({ session: start, history: NO_HISTORY }, write("a")), undo);
  const state = edit(undone, write("b"));
  assert.equal(redo(state.history, state.session), null);
  assert.equal(look(state.session), "Hi:b at 0");
});

test("edits of one run are undone together, and only with each other", () => {
  /** @type {[(string | null)[], number][]} runs of four edits, presses of undo to the start */
  const rows = [[["r", "r", "r", "r"], 1], [["r", "r", "s", "s"], 2], [["r", null, "r", "r"], 3], [[null, null, null, null], 4]];
  for (const [runs, presses] of rows) {
    let state = /** @type {State} */ ({ session: start, history: NO_HISTORY });
    for (const run of runs) state = edit(state, write("a"), run);
    assert.equal(state.history.past.length, presses, runs.join());
  }
});

test("a run does not go on behind an undo", () => {
  let state = edit(edit({ session: start, history: NO_HISTORY }, write("a")), write("b"), "r");
  state = edit(go(go(state, undo), redo), write("c"), "r");
  assert.equal(look(go(state, undo).session), "Hi:ab at 0");
});

test("the oldest moments go", () => {
  let history = NO_HISTORY;
  for (let count = 0; count < MOST_MOMENTS + 5; count += 1) history = record(history, start, { label: String(count) });
  assert.deepEqual([history.past.length, history.past[0]?.label], [MOST_MOMENTS, "5"]);
});

test("tokens that neither a branch nor the history leads to are dropped", () => {
  const state = edit(edit({ session: start, history: NO_HISTORY }, write("a")), deleteLast);
  const ids = (/** @type {Session} */ session) => Object.keys(session.nodes).join();
  assert.equal(ids(dropUnreachable(state.session, state.history)), "1");
  assert.equal(ids(dropUnreachable(state.session, NO_HISTORY)), "");
});
