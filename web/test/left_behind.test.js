// What was left and can be had back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { fork } from "../state/branches.js";
import { NO_HISTORY, record } from "../state/history.js";
import { leftBehind } from "../state/left_behind.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, clear, createSession, deleteLast, editText, moveLeaf } from "../state/session.js";
import { newToken } from "./samples.js";

/** @import { Session } from "../types/app" */

/** @typedef {(session: Session) => Session} Edit */

const write = (/** @type {string} */ text) => (/** @type {Session} */ session) => [...text].reduce((one, display) => appendTokens(one, [newToken(display)]), session);
const back = (/** @type {number} */ count) => (/** @type {Session} */ session) => Array.from({ length: count }).reduce((/** @type {Session} */ one) => deleteLast(one), session);
const type = (/** @type {string} */ prompt) => (/** @type {Session} */ session) => editText(session, { prompt });

/** @param {Edit[]} edits */
function after(edits) {
  let session = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  let history = NO_HISTORY;
  for (const edit of edits) {
    history = record(history, session, { label: "edit" });
    session = edit(session);
  }
  return leftBehind(session, history.past).map(({ nodes, text, here }) => `${here ? "" : `${text.prompt}: `}${nodes.map((node) => node.token.display).join("")}`);
}

test("what an edit leaves is listed, newest first, and what is still there is not", () => {
  /** @type {[string, Edit[], string[]][]} */
  const cases = [
    ["nothing was left", [write("abc")], []],
    ["deleted tokens", [write("abc"), back(2)], ["bc"]],
    ["another way", [write("abc"), back(2), write("xy")], ["bc"]],
    ["two ways", [write("abc"), back(2), write("xy"), back(2), write("m")], ["xy", "bc"]],
    ["a completion that was removed", [write("ab"), clear], ["ab"]],
    ["another first token", [write("ab"), clear, write("c")], ["ab"]],
    ["another text", [write("ab"), type("Ho")], ["Hi: ab"]],
    ["the same text again", [write("ab"), type("Ho"), type("Hi")], ["ab"]],
    ["a fork still leads there", [write("abc"), fork, back(2)], []],
    ["gone back to", [write("abc"), back(2), (session) => moveLeaf(session, 3)], []],
  ];
  for (const [what, edits, expected] of cases) assert.deepEqual(after(edits), expected, what);
});
