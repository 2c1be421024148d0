// What is known about a generated token afterwards.

import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_PARAMS } from "../state/params.js";
import { certainty, completionText, isForced, methodText, newestEnd, otherWays, ownRow, paramsText } from "../state/recorded.js";
import { appendTokens, completionOf, createSession, moveLeaf } from "../state/session.js";
import { dist, PARIS, pill, row } from "./samples.js";

/** @import { NewToken, Origin, TokenNode } from "../types/app" */

/** @param {number} id @param {string} display @param {Partial<NewToken>} [change] @returns {NewToken} */
function token(id, display, change = {}) {
  return { model: "tiny", token: pill(id, display), origin: "sampled", params: DEFAULT_PARAMS, constraint: null, dist: PARIS, seed_used: null, stop_reason: null, ...change };
}

const start = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
/** @param {NewToken} one @returns {TokenNode} */
const node = (one) => ({ ...one, id: 1, parent: null });

test("a token's own row is among the listed ones or was reported beside them", () => {
  const beside = dist([row(1, "Paris")]);
  beside.probes = [row(99, "rare", { p_base: 0.001 })];
  assert.equal(ownRow(node(token(1, "Paris")))?.p_base, 0.582);
  assert.equal(ownRow(node(token(99, "rare", { dist: beside })))?.p_base, 0.001);
  assert.equal(ownRow(node(token(98, "unknown")))?.p_base, undefined);
  assert.deepEqual(certainty(node(token(1, "Paris"))), { p: 0.582, entropy: 2 });
  assert.deepEqual(certainty(node(token(1, "Paris", { dist: null }))), { p: null, entropy: null });
});

test("how a token came about is told in words", () => {
  /** @type {[Origin, number | null, string, boolean][]} */
  const rows = [
    ["sampled", 5, "Sampled with seed 5", false],
    ["greedy", null, "Greedy", false],
    ["forced:token", null, "Forced as a token", true],
    ["forced:text", null, "Forced as text", true],
    ["forced:overlay", null, "Forced as an alternative", true],
  ];
  for (const [origin, seed_used, text, forced] of rows) {
    const one = node(token(1, "a", { origin, seed_used }));
    assert.deepEqual([methodText(one), isForced(one)], [text, forced]);
  }
});

test("settings that do nothing are left out", () => {
  assert.equal(paramsText(node(token(1, "a"))), "repetition 1.05 · temperature 0.7 · top-p 0.8 · 3 candidates listed");
  const params = { ...DEFAULT_PARAMS, greedy: true, presence_penalty: 0.2, frequency_penalty: 0.1, seed: 7, stop_sequences: ["\n"] };
  assert.equal(paramsText(node(token(1, "a", { params, dist: null }))), 'repetition 1.05 · presence 0.2 · frequency 0.1 · greedy · seed 7 · stop "\\n"');
});

test("the text of a completion has its characters whole", () => {
  const parts = [token(1, "a"), token(2, "⟨C3⟩"), token(3, "⟨A9⟩")].map((one) => ({ ...one, token: { ...one.token, text: one.token.display.replace(/⟨.*⟩/, "\uFFFD") } }));
  assert.equal(completionText(completionOf(appendTokens(start, parts))), "aé");
});

test("other ways are tokens that were once in the same place, and lead to where they ended", () => {
  const first = appendTokens(start, [token(1, "a"), token(2, "b"), token(3, "c")]);
  const [a, b] = completionOf(first);
  assert.ok(a && b);
  const second = appendTokens(moveLeaf(first, a.id), [token(4, "x"), token(5, "y")]);
  const [, x, y] = completionOf(second);
  assert.ok(x && y);
  assert.deepEqual(otherWays(second, x).map((one) => one.token.id), [2]);
  assert.deepEqual(otherWays(second, a), []);
  assert.equal(newestEnd(second, x.id), y.id);
  assert.equal(newestEnd(second, a.id), y.id);
  assert.equal(completionOf(second, newestEnd(second, b.id)).length, 3);
  // First tokens follow the same text if they come from the same logits.
  const third = appendTokens(moveLeaf(second, null), [token(6, "z"), token(7, "w", { dist: dist([row(1, "Paris", { logit: 9 })]) })]);
  const [z] = completionOf(third);
  assert.ok(z);
  assert.deepEqual(otherWays(third, z).map((one) => one.token.id), [1]);
  const elsewhere = appendTokens(moveLeaf(second, null), [token(6, "z", { dist: dist([row(1, "Paris", { logit: 9 })]) })]);
  assert.deepEqual(otherWays(elsewhere, /** @type {TokenNode} */ (completionOf(elsewhere)[0])), []);
});
