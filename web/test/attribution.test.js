// Attribution on hover against a server that answers late, line by line, or not at all.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as actions from "../state/actions.js";
import { CLEAR_MS, HOVER_MS, PATIENCE_MS } from "../state/attribution.js";
import { heat, held } from "../state/heat.js";
import { noteModel } from "../state/model_change.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { cancelPreview } from "../state/preview.js";
import { appendTokens, createSession, placeOf } from "../state/session.js";
import { abortStep } from "../state/stepping.js";
import * as store from "../state/store.js";
import { catalog, dist, PARIS, pill, row, scores, status } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

/** @import { Target } from "../types/app" */

const PATH = "/api/attribution";
const LITTLE = 15;

/** @type {ReturnType<typeof serverDouble>} */
let server;
let prompts = 0;

/** A candidate for the place after the completion. */
const paris = { index: 2, id: 1, display: "Paris" };
const the = { index: 2, id: 2, display: "␠The" };
/** The completion's second token. */
const second = { index: 1, id: 12, display: "is" };

beforeEach(() => {
  abortStep();
  cancelPreview();
  actions.releaseHeat();
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  store.catalog.value = catalog();
  noteModel(status());
  // Another text each time, so that no test finds another's answers in the cache.
  prompts += 1;
  const params = DEFAULT_PARAMS;
  store.session.value = appendTokens(createSession({ prompt: `Hi ${prompts}`, system: "", params }), [pill(11, "It"), pill(12, "is")].map((token) => (
    { token, model: "tiny", origin: "sampled", params, constraint: null, dist: dist([row(12, "is"), row(13, "was", { p_base: 0.2 })]), seed_used: 5, stop_reason: null })));
  store.shown.value = { place: placeOf(store.session.value), dist: PARIS, chosen: null, failure: null };
  store.llmEnabled.value = true;
  store.attributionOptions.value = {};
  store.contrast.value = null;
  actions.chooseMethod("saliency");
});

const painted = () => heat.value?.answer.attributions;
const work = () => store.attributionWork.value;

/** @param {Target} target */
async function paint(target, answer = scores([0.5, 0.3, 0.2])) {
  actions.aim(target);
  (await server.next(PATH)).answer(answer);
  await pause(LITTLE);
  assert.deepEqual(heat.value?.target, target);
}

test("a candidate is asked about as the token after everything, a generated one after what stands before it", async () => {
  actions.aim(paris);
  const { body } = await server.next(PATH);
  assert.deepEqual([body.completion_ids, body.target_index, body.target_token_id, body.method, body.options], [[11, 12], 2, 1, "saliency", {}]);
  assert.deepEqual([body.prompt, body.system_prompt, body.use_chat_template], [store.branch.value.prompt, "", true]);
  actions.aim(second);
  const young = (await server.next(PATH)).body;
  assert.deepEqual([young.completion_ids, young.target_index, young.target_token_id], [[11], 1, 12]);
});

test("nothing is asked before the pointer rests", async () => {
  actions.aim(paris);
  await pause(HOVER_MS / 4);
  actions.aim(the);
  await pause(HOVER_MS / 4);
  actions.leave();
  await pause(HOVER_MS * 2);
  assert.deepEqual(server.pending(), []);
});

test("nothing is asked with the method off, the LLM off or while tokens come", async () => {
  for (const prevent of [() => actions.chooseMethod("off"), () => (store.llmEnabled.value = false), () => (store.playing.value = true), () => (store.stepping.value = true)]) {
    prevent();
    actions.aim(paris);
    await pause(HOVER_MS + LITTLE);
    assert.deepEqual(server.pending(), []);
    actions.chooseMethod("saliency");
    [store.llmEnabled.value, store.playing.value, store.stepping.value] = [true, false, false];
  }
});

test("moving on hangs up, and the late answer never paints", async () => {
  actions.aim(paris);
  const old = await server.next(PATH);
  actions.aim(the);
  assert.equal(old.aborted, true);
  const young = await server.next(PATH);
  young.answer(scores([0.9, 0.1, 0]));
  old.answer(scores([0.1, 0.9, 0]));
  await pause(LITTLE);
  assert.deepEqual([heat.value?.target, painted()], [the, [0.9, 0.1, 0, 0]]);
});

test("an answer that was half read when the pointer moved on never paints", async () => {
  actions.aim(paris);
  const stream = (await server.next(PATH)).stream();
  await stream.line({ progress: 0.5 });
  actions.leave();
  await stream.line(scores([0.1, 0.9, 0]));
  await pause(LITTLE);
  assert.equal(heat.value, null);
  await stream.line({ progress: 0.9 });
  await pause(PATIENCE_MS);
  assert.deepEqual([heat.value, work()], [null, null]);
});

test("leaving hangs up at once and takes the heat away after a while", async () => {
  await paint(paris);
  actions.leave();
  await pause(CLEAR_MS / 4);
  assert.ok(heat.value);
  await pause(CLEAR_MS);
  assert.equal(heat.value, null);
  actions.aim(the);
  const call = await server.next(PATH);
  actions.leave();
  assert.equal(call.aborted, true);
});

test("coming back in time keeps the heat and asks nothing", async () => {
  await paint(paris);
  actions.leave();
  await pause(CLEAR_MS / 4);
  actions.aim(paris);
  await pause(CLEAR_MS + HOVER_MS);
  assert.deepEqual(heat.value?.target, paris);
  assert.deepEqual(server.pending(), []);
});

test("what was answered once is not asked again", async () => {
  await paint(paris);
  await paint(the);
  actions.aim(paris);
  await pause(HOVER_MS + LITTLE);
  assert.deepEqual(heat.value?.target, paris);
  assert.deepEqual(server.pending(), []);
});

test("another model's answers are not in the cache, and one that answers late does not paint", async () => {
  await paint(paris);
  noteModel(status({ model_id: "other" }));
  assert.equal(heat.value, null);
  store.shown.value = { place: placeOf(store.session.value), dist: PARIS, chosen: null, failure: null };
  const first = { ...paris, index: 0 };
  actions.aim(first);
  (await server.next(PATH)).answer(scores([0.5], { model_id: "tiny" }));
  await pause(LITTLE);
  assert.equal(heat.value, null);
});

test("another method or option clears the heat and asks another question", async () => {
  await paint(paris);
  actions.chooseMethod("integrated_gradients");
  assert.equal(heat.value, null);
  actions.setAttributionOptions({ steps: 100 });
  actions.aim(paris);
  const { body } = await server.next(PATH);
  assert.deepEqual([body.method, body.options], ["integrated_gradients", { steps: 100 }]);
});

test("what is kept outlasts the pointer and is compared under another method", async () => {
  await paint(paris);
  assert.equal(actions.toggleKeep(), true);
  actions.leave();
  actions.aim(the);
  await pause(CLEAR_MS + HOVER_MS);
  assert.deepEqual([heat.value?.target, held.value, server.pending()], [paris, true, []]);
  actions.chooseMethod("attention");
  const call = await server.next(PATH);
  assert.deepEqual([call.body.method, call.body.target_token_id], ["attention", 1]);
  call.answer(scores([1, 0, 0]));
  await pause(LITTLE);
  assert.deepEqual(painted(), [1, 0, 0, 0]);
  actions.toggleKeep();
  assert.deepEqual([heat.value, held.value, actions.toggleKeep()], [null, false, false]);
});

test("a kept heat stays over a step and keeps nothing once its text is gone", async () => {
  await paint(second);
  actions.keepAt(second);
  const { params } = store.branch.value;
  store.session.value = appendTokens(store.session.value, [{ token: pill(1, "Paris"), model: "tiny", origin: "sampled", params, constraint: null, dist: null, seed_used: 5, stop_reason: null }]);
  assert.ok(held.value);
  actions.typePrompt("Something else");
  cancelPreview();
  assert.deepEqual([heat.value, held.value], [null, false]);
  actions.aim({ ...paris, index: 0 });
  assert.equal((await server.next(PATH)).body.target_index, 0);
});

test("an edit hangs up on a kept question", async () => {
  actions.aim(paris, { keep: true });
  const call = await server.next(PATH);
  actions.typePrompt("Something else");
  cancelPreview();
  assert.deepEqual([call.aborted, store.heatKept.value], [true, false]);
});

test("a step takes the heat away and hangs up", async () => {
  actions.aim(paris);
  const call = await server.next(PATH);
  void actions.step();
  assert.equal(call.aborted, true);
});

test("progress shows once it takes long, and can be cancelled", async () => {
  actions.aim(paris);
  const call = await server.next(PATH);
  const stream = call.stream();
  await stream.line({ progress: 0.1 });
  await pause(LITTLE);
  assert.equal(work(), null);
  await pause(PATIENCE_MS);
  assert.deepEqual(work(), { target: paris, progress: 0.1 });
  await stream.line({ progress: 0.5 });
  await pause(LITTLE);
  assert.deepEqual(work(), { target: paris, progress: 0.5 });
  actions.releaseHeat();
  assert.deepEqual([call.aborted, work()], [true, null]);
});

test("the last line of a stream is the answer, an error or missing", async () => {
  const error = { detail: "Attention rollout takes at most 9 tokens.", code: "too_long_for_rollout", hint: "Shorten the prompt." };
  /** @type {[unknown[], unknown, unknown][]} */
  const rows = [
    [[{ progress: 0.5 }, scores([1, 0, 0])], [1, 0, 0, 0], null],
    [[{ progress: 0.5 }, error], undefined, { detail: error.detail, hint: error.hint }],
    [[{ progress: 0.5 }], undefined, { detail: "The Tokenscope server does not answer.", hint: "Start it again; this page goes on by itself." }],
    [[{ ok: false, error: "attention_no_scores", attributions: [], source_len: 0 }], undefined, { detail: "This model gave no attention scores.", hint: "Choose another method." }],
  ];
  for (const [lines, attributions, failure] of rows) {
    actions.releaseHeat();
    prompts += 1;
    actions.typePrompt(`Hi ${prompts}`);
    cancelPreview();
    actions.aim({ ...paris, index: 0 });
    const stream = (await server.next(PATH)).stream();
    for (const line of lines) await stream.line(line);
    await stream.end();
    await pause(LITTLE);
    assert.deepEqual([painted(), store.attributionFailure.value], [attributions, failure]);
  }
});

test("a refusal is told until something else is chosen or answered", async () => {
  actions.aim(paris);
  (await server.next(PATH)).answer({ detail: "options.layers is 99; expected 0 to 3.", code: "invalid_option", hint: "See the catalog." }, 400);
  await pause(LITTLE);
  assert.deepEqual(store.attributionFailure.value, { detail: "The option “layers” does not fit this model.", hint: "Change it in the attribution card: it has layers 0 to 3, and an empty field means all." });
  actions.leave();
  await pause(CLEAR_MS + LITTLE);
  assert.ok(store.attributionFailure.value);
  await paint(the);
  assert.equal(store.attributionFailure.value, null);
});

test("a token is compared with the likeliest other candidate of its place, or with the chosen one", async () => {
  actions.setAttributionOptions({ quantity: "logit_difference" });
  const chosen = { id: 3, display: "London" };
  /** @type {[Target, typeof chosen | null, number][]} */
  const rows = [[paris, null, 2], [the, null, 1], [second, null, 13], [paris, chosen, 3], [{ index: 2, ...chosen }, chosen, 1]];
  for (const [target, contrast, expected] of rows) {
    actions.chooseContrast(contrast);
    actions.aim(target);
    const { body } = await server.next(PATH);
    assert.deepEqual(body.options, { quantity: "logit_difference", contrast_id: expected });
  }
});

test("without another candidate on the page the server chooses one", async () => {
  actions.setAttributionOptions({ quantity: "logit_difference" });
  store.shown.value = { place: placeOf(store.session.value), dist: dist([row(1, "Paris")]), chosen: null, failure: null };
  actions.aim(paris);
  const call = await server.next(PATH);
  assert.deepEqual(call.body.options, { quantity: "logit_difference" });
  call.answer(scores([0.5, 0.3, 0.2], { contrast: pill(5, "Rome") }));
  await pause(LITTLE);
  assert.deepEqual([heat.value?.contrast, heat.value?.answer.contrast?.display], [null, "Rome"]);
});

/** Asks about Paris, and sends what comes before the answer. @param {unknown[]} lines */
async function streamParis(lines) {
  actions.aim(paris);
  const call = await server.next(PATH);
  const stream = call.stream();
  for (const line of lines) await stream.line(line);
  await pause(PATIENCE_MS + LITTLE);
  return { call, stream };
}

test("what has been found is painted on the way, and the answer takes its place", async () => {
  const { stream } = await streamParis([{ progress: 0.1, attributions: [0.1, 0.2, 0.7, 0], points: 8, completeness_error_share: 0.2 }]);
  const { target, soFar, points, answer } = heat.value ?? assert.fail();
  assert.deepEqual([target, soFar, points, answer.attributions, answer.prompt_len, answer.completeness_error_share], [paris, true, 8, [0.1, 0.2, 0.7, 0], 1, 0.2]);
  // A line that has nothing new takes nothing back.
  await stream.line({ progress: 0.5 });
  await pause(LITTLE);
  assert.deepEqual([work()?.progress, heat.value?.answer.attributions], [0.5, [0.1, 0.2, 0.7, 0]]);
  const final = scores([0.5, 0.3, 0.2]);
  await stream.line(final);
  await stream.end();
  await pause(LITTLE);
  assert.deepEqual([heat.value?.answer, heat.value?.soFar, work()], [final, false, null]);
});

test("tokens that have not been tried yet are not painted", async () => {
  await streamParis([{ progress: 0.3, attributions: [0.4, 0.6, null, 0] }]);
  const { context_len, prompt_len, attributions } = heat.value?.answer ?? assert.fail();
  assert.deepEqual([context_len, prompt_len, attributions], [2, 1, [0.4, 0.6, 0, 0]]);
});

test("nothing is left of what was painted on the way to an answer that does not come", async () => {
  const line = { progress: 0.1, attributions: [0.1, 0.2, 0.7, 0] };
  /** @type {((stream: { line: (value: unknown) => Promise<void>, end: () => Promise<void> }) => unknown)[]} */
  const ends = [
    () => actions.leave(),
    () => actions.aim(the),
    () => actions.releaseHeat(),
    () => actions.chooseMethod("attention"),
    (stream) => stream.end(),
    (stream) => stream.line({ detail: "The model was replaced.", code: "model_replaced", hint: "Ask again." }),
    (stream) => stream.line(scores([0.5, 0.3, 0.2], { model_id: "other" })),
  ];
  for (const end of ends) {
    actions.releaseHeat();
    actions.chooseMethod("saliency");
    const { stream } = await streamParis([line]);
    assert.equal(heat.value?.soFar, true);
    await end(stream);
    await pause(LITTLE);
    assert.deepEqual([store.painted.value, work()], [null, null], String(end));
  }
});

test("what was painted on the way is no answer to remember", async () => {
  await streamParis([{ progress: 0.1, attributions: [0.1, 0.2, 0.7, 0] }]);
  actions.releaseHeat();
  actions.aim(paris);
  assert.equal((await server.next(PATH)).body.target_token_id, 1);
});

test("attention is asked for as a whole and shown without the first token; to show it asks nothing", async () => {
  actions.chooseMethod("attention");
  actions.aim(paris);
  const call = await server.next(PATH);
  assert.deepEqual(call.body.options, {});
  call.answer(scores([0.6, 0.3, 0.1], { method: "attention", evidence: "correlational" }));
  await pause(LITTLE);
  assert.deepEqual([heat.value?.sink, painted()?.map((score) => score.toFixed(3))], [0.6, ["0.000", "0.750", "0.250", "0.000"]]);
  actions.setAttributionOptions({ mask_sink: false });
  assert.deepEqual([heat.value?.sink, painted()], [null, [0.6, 0.3, 0.1, 0]]);
  actions.setAttributionOptions({ mask_sink: true });
  assert.equal(heat.value?.sink, 0.6);
  await pause(HOVER_MS + LITTLE);
  assert.deepEqual(server.pending(), []);
  actions.chooseMethod("saliency");
  await paint(paris, scores([0.6, 0.3, 0.1]));
  assert.deepEqual([heat.value?.sink, painted()], [null, [0.6, 0.3, 0.1, 0]]);
});
