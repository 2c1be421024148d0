// The next token of two inputs, asked for side by side.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { askNextPair, questionAbout } from "../state/actions.js";
import { addBranches } from "../state/branches.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { activeBranch, appendTokens, createSession, editText, setParams } from "../state/session.js";
import * as store from "../state/store.js";
import { dist, newToken, previewAnswer, row, status } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

/** @type {ReturnType<typeof serverDouble>} */
let server;

beforeEach(() => {
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  store.tokenOwner.value = "tiny";
  store.nextPair.value = null;
  store.constraintOn.value = false;
  const start = appendTokens(createSession({ prompt: "The capital of France is", system: "", params: DEFAULT_PARAMS }), [newToken("x")]);
  const other = { ...activeBranch(start), prompt: "The capital of Italy is", leaf: null, params: { ...DEFAULT_PARAMS, temperature: 2 } };
  store.session.value = addBranches(start, [other]);
});

/** @param {[string, number][]} rows final probabilities */
const answer = (rows, probes = /** @type {[string, number][]} */ ([])) => {
  const made = (/** @type {[string, number][]} */ list) => list.map(([display, p]) => row(display.charCodeAt(0), display, { p_final: p, p_base: p }));
  return previewAnswer({ dist: { ...dist(made(rows)), probes: made(probes) } });
};

const question = () => /** @type {NonNullable<ReturnType<typeof questionAbout>>} */ (questionAbout([1, 2]));

test("both are asked at their ends with their own texts and parameters, and then about what only the other lists", async () => {
  askNextPair(question());
  const [first, second] = [await server.next("/api/preview"), await server.next("/api/preview")];
  assert.deepEqual([first, second].map(({ body }) => [body.prompt, body.completion_ids, body.params.temperature, body.top_k, body.probe_ids]),
    [["The capital of France is", ["x".charCodeAt(0)], 0.7, 50, []], ["The capital of Italy is", [], 2, 50, []]]);
  first.answer(answer([["P", 0.75], ["a", 0.25]]));
  second.answer(answer([["R", 0.5], ["a", 0.5]]));
  const [third, fourth] = [await server.next("/api/preview"), await server.next("/api/preview")];
  assert.deepEqual([third, fourth].map(({ body }) => body.probe_ids), [["R".charCodeAt(0)], ["P".charCodeAt(0)]]);
  third.answer(answer([["P", 0.75], ["a", 0.25]], [["R", 0]]));
  fourth.answer(answer([["R", 0.5], ["a", 0.5]], [["P", 0]]));
  await pause(10);
  assert.deepEqual(store.nextPair.value?.pair?.rows.map(({ display, change }) => [display, change]), [["P", -0.75], ["R", 0.5], ["a", 0.25]]);
  assert.deepEqual(store.nextPair.value?.pair?.moved?.final, { low: 0.75, high: 0.75 });
});

test("while a knob moves the newest question follows the one under way, and another text takes its place", async () => {
  const both = async () => [await server.next("/api/preview"), await server.next("/api/preview")];
  askNextPair(question());
  const old = await both();
  const [before, about] = [question().key, question().about];
  for (const temperature of [0.2, 0.3]) {
    store.session.value = setParams(store.session.value, { ...DEFAULT_PARAMS, temperature });
    askNextPair(question());
  }
  assert.deepEqual([question().key === before, question().about === about, server.pending()], [false, true, []]);
  for (const call of old) call.answer(answer([["a", 1]]));
  const newer = await both();
  assert.deepEqual([store.nextPair.value?.key, newer[1]?.body.params.temperature], [before, 0.3]);
  store.session.value = editText(store.session.value, { prompt: "The capital of Spain is" });
  askNextPair(question());
  const newest = await both();
  assert.deepEqual([...newer, ...newest].map((call) => call.aborted), [true, true, false, false]);
  for (const call of newest) call.answer(answer([["b", 1]]));
  await pause(10);
  assert.equal(store.nextPair.value?.key, question().key);
});

test("after one text raw is the same, whatever has no row", async () => {
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  store.session.value = addBranches(store.session.value, [{ ...activeBranch(store.session.value), params: { ...DEFAULT_PARAMS, temperature: 2 } }]);
  askNextPair(question());
  for (const p of [0.5, 0.25]) (await server.next("/api/preview")).answer(answer([["a", p]]));
  await pause(10);
  assert.deepEqual(store.nextPair.value?.pair?.moved, { final: { low: 0.25, high: 0.75 }, raw: { low: 0, high: 0 } });
});

test("each side says why it has no distribution, and another model's tokens are not sent", async () => {
  store.session.value = { ...store.session.value, nodes: { 1: { ...newToken("x", { model: "other" }), id: 1, parent: null } } };
  askNextPair(question());
  (await server.next("/api/preview")).answer({ detail: "The context is empty.", code: "empty", hint: "Type." }, 400);
  await pause(10);
  assert.match(store.nextPair.value?.sides[0]?.failure?.detail ?? "", /^other wrote this completion/);
  assert.deepEqual(store.nextPair.value?.sides[1]?.failure, { detail: "The context is empty.", hint: "Type.", code: "empty" });
  assert.deepEqual([store.nextPair.value?.pair, server.pending()], [null, []]);
});

test("nothing is asked while no model can answer", () => {
  assert.notEqual(questionAbout([1, 2]), null);
  store.llmEnabled.value = false;
  assert.equal(questionAbout([1, 2]), null);
  store.llmEnabled.value = true;
  store.tokenOwner.value = "";
  assert.equal(questionAbout([1, 2]), null);
});
