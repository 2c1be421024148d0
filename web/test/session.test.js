import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPreset, DEFAULT_PARAMS, editParams, toWire } from "../state/params.js";
import * as sessions from "../state/session.js";
import { newToken as token } from "./samples.js";

/** @import { Session } from "../types/app" */

const start = sessions.createSession({ prompt: "Hi", system: "Be kind.", params: DEFAULT_PARAMS });

/** @param {Session} session */
function text(session) {
  return sessions.completionOf(session).map((node) => node.token.display).join("");
}

/** @template T @param {T} value @returns {T} */
function freeze(value) {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    Object.values(value).forEach(freeze);
  }
  return value;
}

test("tokens are appended behind the leaf and nothing old changes", () => {
  const before = freeze(sessions.appendTokens(freeze(start), [token("a")]));
  const after = sessions.appendTokens(before, [token("b"), token("c")]);
  assert.equal(text(start), "");
  assert.equal(text(before), "a");
  assert.equal(text(after), "abc");
  assert.equal(after.nodes[1], before.nodes[1]);
});

test("deleting and clearing move the leaf and lose nothing", () => {
  const three = freeze(sessions.appendTokens(start, [token("a"), token("b"), token("c")]));
  const leaf = sessions.activeBranch(three).leaf;
  const two = sessions.deleteLast(three);
  assert.equal(text(two), "ab");
  assert.equal(text(sessions.appendTokens(two, [token("d")])), "abd");
  const none = sessions.clear(three);
  assert.equal(text(none), "");
  assert.equal(sessions.activeBranch(none).prompt, "Hi");
  assert.equal(text(sessions.moveLeaf(none, leaf)), "abc");
  assert.equal(sessions.deleteLast(start), start);
});

test("clearing a branch without completion changes nothing", () => {
  assert.equal(sessions.clear(start), start);
});

test("another text starts without a completion, another template keeps it", () => {
  const one = sessions.appendTokens(start, [token("a")]);
  assert.equal(text(sessions.editText(one, { prompt: "Ho" })), "");
  assert.equal(text(sessions.setTemplate(one, false)), "a");
});

test("the end of a text is final, a stop sequence only while it is asked for", () => {
  const stopping = { ...DEFAULT_PARAMS, stop_sequences: ["b"] };
  const ended = sessions.appendTokens(start, [token("a", { stop_reason: "eos_token" })]);
  assert.equal(sessions.stopReason(ended), "eos_token");
  assert.equal(sessions.stopReason(sessions.setParams(ended, stopping)), "eos_token");
  assert.equal(sessions.stopReason(sessions.deleteLast(ended)), null);
  const asked = sessions.appendTokens(sessions.setParams(start, stopping), [token("b", { params: stopping, stop_reason: "stop_sequence" })]);
  assert.equal(sessions.stopReason(asked), "stop_sequence");
  assert.equal(sessions.stopReason(sessions.setParams(asked, DEFAULT_PARAMS)), null);
});

test("a place is on the path of what continues it", () => {
  const one = sessions.appendTokens(start, [token("a")]);
  const two = sessions.appendTokens(one, [token("b")]);
  assert.equal(sessions.isOnPath(two, sessions.placeOf(start)), true);
  assert.equal(sessions.isOnPath(two, sessions.placeOf(one)), true);
  assert.equal(sessions.isOnPath(one, sessions.placeOf(two)), false);
  assert.equal(sessions.isOnPath(two, sessions.placeOf(sessions.editText(one, { prompt: "Ho" }))), false);
  assert.equal(sessions.samePlace(sessions.placeOf(one), sessions.placeOf(sessions.setParams(one, DEFAULT_PARAMS))), true);
});

test("presets set their five values and leave seed, stop texts and rules alone", () => {
  const mine = { ...DEFAULT_PARAMS, seed: 3, stop_sequences: ["x"], nucleus_rule: /** @type {const} */ ("seed") };
  const greedy = { id: "greedy", label: "Greedy", explanation: "", greedy: true, temperature: 1, top_p: 1, repetition_penalty: 1, presence_penalty: 0, frequency_penalty: 0 };
  const chosen = applyPreset(mine, greedy);
  assert.deepEqual([chosen.greedy, chosen.temperature, chosen.seed, chosen.stop_sequences, chosen.nucleus_rule, chosen.preset], [true, 1, 3, ["x"], "seed", "greedy"]);
  assert.equal(editParams(chosen, { repetition_penalty: 1.2 }).preset, "greedy");
  assert.equal(editParams(mine, { temperature: 5 }).preset, "custom");
  const custom = applyPreset(chosen, { ...greedy, id: "custom", greedy: false });
  assert.deepEqual([custom.greedy, custom.temperature, custom.preset], [false, 1, "custom"]);
  assert.equal("preset" in toWire(custom), false);
});
