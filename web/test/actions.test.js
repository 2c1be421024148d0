// The actions against a server that answers late, out of order or not at all.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as actions from "../state/actions.js";
import { noteModel } from "../state/model_change.js";
import { moved } from "../state/moved_completions.js";
import { pause as pausePlayback } from "../state/playback.js";
import { cancelPreview, requestPreview } from "../state/preview.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { createSession, placeOf } from "../state/session.js";
import { abortStep } from "../state/stepping.js";
import * as store from "../state/store.js";
import { PARIS, pill, previewAnswer, status, stepAnswer } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

/** @type {ReturnType<typeof serverDouble>} */
let server;

beforeEach(() => {
  pausePlayback();
  abortStep();
  cancelPreview();
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  noteModel(status());
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  store.input.value = { place: placeOf(store.session.value), tokens: [pill(7, "Hello")], note: null };
  store.shown.value = null;
  store.slow.value = false;
  store.message.value = "";
  store.failure.value = null;
  store.llmEnabled.value = true;
});

const completion = () => store.completion.value.map((node) => node.token.display).join("");

/** Puts a preview of the current position on screen. */
async function showPreview() {
  requestPreview();
  (await server.next("/api/preview")).answer(previewAnswer());
  await pause(10);
  assert.equal(store.shown.value?.dist?.tokens.length, 3);
}

test("a newer preview aborts the older one, and its late answer changes nothing", async () => {
  requestPreview();
  const old = await server.next("/api/preview");
  requestPreview();
  const young = await server.next("/api/preview");
  assert.equal(old.aborted, true);
  young.answer(previewAnswer({ prompt_tokens: [pill(1, "young")] }));
  old.answer(previewAnswer({ prompt_tokens: [pill(2, "old")] }));
  await pause(10);
  assert.deepEqual(store.promptTokens.value.map((token) => token.display), ["young"]);
});

test("a step shows what it was picked from, then previews the next position", async () => {
  await showPreview();
  const stepped = actions.step();
  const call = await server.next("/api/step");
  assert.deepEqual(call.body.completion_ids, []);
  assert.equal(call.body.params.temperature, 0.7);
  assert.equal("preset" in call.body.params, false);
  call.answer(stepAnswer([pill(1, "Paris")]));
  assert.equal(await stepped, "ok");
  assert.equal(completion(), "Paris");
  assert.equal(store.shown.value?.chosen, 1);
  const preview = await server.next("/api/preview");
  assert.deepEqual(preview.body.completion_ids, [1]);
  preview.answer(previewAnswer());
  await pause(10);
  assert.equal(store.shown.value?.chosen, null);
});

test("only one step is in flight", async () => {
  const first = actions.step();
  assert.equal(await actions.step(), "refused");
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "a")]));
  await first;
  assert.equal(completion(), "a");
  assert.deepEqual(server.pending(), []);
});

test("an edit drops the answer of a step under way", async () => {
  const stepped = actions.step();
  const call = await server.next("/api/step");
  actions.typePrompt("Ho");
  call.answer(stepAnswer([pill(1, "a")]));
  assert.equal(await stepped, "superseded");
  assert.equal(call.aborted, true);
  assert.equal(completion(), "");
});

test("a step answered by another model is not appended", async () => {
  const stepped = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "a")], { model: status({ model_id: "other" }) }));
  assert.equal(await stepped, "superseded");
  assert.equal(completion(), "");
});

test("a preview from another model drops the completion and asks again", async () => {
  const stepped = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "a")]));
  await stepped;
  (await server.next("/api/preview")).answer(previewAnswer({ model: status({ model_id: "other" }) }));
  const again = await server.next("/api/preview");
  assert.deepEqual(again.body.completion_ids, []);
  assert.equal(completion(), "");
  assert.deepEqual([moved.value?.model, moved.value?.aside], ["other", ["Input 1"]]);
  actions.dismissMoved();
  assert.equal(moved.value, null);
});

test("the end of a run stops steps until something changes", async () => {
  const stepped = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(9, "<end>")], { done: true, stop_reason: "eos_token" }));
  assert.equal(await stepped, "done");
  assert.match(store.message.value, /^Stopped: /);
  assert.equal(await actions.step(), "refused");
  assert.match(store.message.value, /^Finished: .*Delete the last token/);
  actions.deleteLast();
  assert.equal(store.stopped.value, null);
  assert.deepEqual(store.shown.value?.dist, PARIS);
});

test("a click on the row shown after a step replaces that step's token", async () => {
  await showPreview();
  const stepped = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "Paris")]));
  await stepped;
  const forced = actions.forceToken(2);
  const call = await server.next("/api/step");
  assert.deepEqual([call.body.completion_ids, call.body.force_token_id], [[], 2]);
  call.answer(stepAnswer([pill(2, "The")]));
  await forced;
  assert.equal(completion(), "The");
});

test("a row of an older text cannot be forced", async () => {
  await showPreview();
  actions.typePrompt("Ho");
  assert.equal(await actions.forceToken(2), "refused");
  assert.equal(store.message.value, "The list is being updated.");
});

test("blank text can be forced, an empty one cannot", async () => {
  assert.equal(await actions.forceText(""), "refused");
  const forced = actions.forceText(" ");
  const call = await server.next("/api/step");
  assert.equal(call.body.force_text, " ");
  call.answer({ detail: "No.", code: "no", hint: "Try." }, 400);
  assert.equal(await forced, "failed");
  assert.deepEqual([store.failure.value?.detail, store.failure.value?.hint], ["No.", "Try."]);
  (await server.next("/api/preview")).answer(previewAnswer());
  await pause(10);
  assert.equal(store.failure.value?.detail, "No.", "a preview of the same place disproves nothing");
  actions.editParam({ temperature: 1 });
  assert.equal(store.failure.value, null);
});

test("a refused preview empties the distribution and tells why", async () => {
  await showPreview();
  actions.editParam({ temperature: 2 });
  (await server.next("/api/preview")).answer({ detail: "The context is empty.", code: "empty", hint: "Type." }, 400);
  await pause(10);
  assert.equal(store.shown.value?.dist, null);
  assert.deepEqual(store.shown.value?.failure, { detail: "The context is empty.", hint: "Type.", code: "empty" });
  assert.equal(store.promptTokens.value.length, 1);
});

test("a server that is gone is said so and keeps what is on screen", async () => {
  await showPreview();
  requestPreview();
  (await server.next("/api/preview")).drop();
  await pause(10);
  assert.equal(store.server.value, "error");
  assert.deepEqual(store.shown.value?.dist, PARIS);
});

test("with the LLM off only tokens are asked for and steps are refused", async () => {
  actions.toggleLlm();
  const call = await server.next("/api/preview");
  assert.equal(call.body.tokens_only, true);
  call.answer(previewAnswer({ dist: null }));
  assert.equal(await actions.step(), "refused");
  assert.match(store.message.value, /The LLM is off/);
});

test("play steps until the end of the text", async () => {
  store.speedMs.value = 1;
  actions.togglePlay();
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "a")]));
  const second = await server.next("/api/step");
  assert.deepEqual(second.body.completion_ids, [1]);
  second.answer(stepAnswer([pill(9, "b")], { done: true, stop_reason: "eos_token" }));
  await pause(20);
  assert.equal(store.playing.value, false);
  assert.equal(completion(), "ab");
});

test("pause ends playback without losing the step under way", async () => {
  actions.togglePlay();
  const call = await server.next("/api/step");
  actions.togglePlay();
  call.answer(stepAnswer([pill(1, "a")]));
  await pause(20);
  assert.equal(completion(), "a");
  assert.equal(store.playing.value, false);
  assert.equal(server.pending().includes("/api/step"), false);
  cancelPreview();
});

test("a knob lets the answer before be drawn, and its last value is asked about", async () => {
  await showPreview();
  for (const temperature of [0.8, 0.9, 1]) actions.editParam({ temperature });
  const first = await server.next("/api/preview");
  assert.deepEqual([first.body.params.temperature, first.aborted, server.pending()], [0.8, false, []]);
  first.answer(previewAnswer({ elapsed_ms: 1 }));
  const last = await server.next("/api/preview");
  assert.deepEqual([last.body.params.temperature, store.elapsedMs.value], [1, 1]);
  last.answer(previewAnswer({ elapsed_ms: 2 }));
  await pause(10);
  assert.deepEqual([store.elapsedMs.value, server.pending()], [2, []]);
});

test("a value on the way that is refused takes no rows away, the last one does", async () => {
  await showPreview();
  for (const temperature of [0.8, 0.9]) actions.editParam({ temperature });
  (await server.next("/api/preview")).answer({ detail: "no", code: "no", hint: "" }, 400);
  const last = await server.next("/api/preview");
  assert.equal(store.shown.value?.failure?.detail, undefined);
  last.answer({ detail: "nor this", code: "no", hint: "" }, 400);
  await pause(10);
  assert.deepEqual(store.shown.value?.failure?.detail, "nor this");
});

test("another text takes the place of a knob's question", async () => {
  await showPreview();
  actions.editParam({ temperature: 0.9 });
  const knob = await server.next("/api/preview");
  actions.typePrompt("Hi you");
  assert.equal(knob.aborted, true);
});

test("seed, stop sequences and rules leave a preset, its own numbers make it custom", () => {
  for (const change of [{ seed: 3 }, { stop_sequences: ["x"] }, { nucleus_rule: /** @type {const} */ ("seed") }, { penalty_scope: /** @type {const} */ ("completion") }]) {
    actions.editParam(change, { typed: true });
    assert.equal(store.branch.value.params.preset, "balanced");
  }
  actions.editParam({ top_p: 0.5 }, { typed: true });
  assert.equal(store.branch.value.params.preset, "custom");
});

test("at full speed a step is asked for with the tokens that are not drawn yet, and one edit is all of them", async () => {
  await showPreview();
  actions.toggleFinish();
  for (const id of [1, 2, 3]) {
    const call = await server.next("/api/step");
    assert.deepEqual(call.body.completion_ids, [1, 2, 3].slice(0, id - 1));
    call.answer(stepAnswer([pill(id, `t${id}`)]));
  }
  const last = await server.next("/api/step");
  assert.equal(store.finishing.value, true);
  assert.deepEqual(server.pending(), []);
  actions.togglePlay();
  last.answer(stepAnswer([pill(4, "t4")]));
  await pause(20);
  assert.equal(completion(), "t1t2t3t4");
  assert.deepEqual([store.playing.value, store.finishing.value], [false, false]);
  assert.deepEqual(store.shown.value?.chosen, 4);
  actions.undo();
  assert.equal(completion(), "");
});

test("an edit comes after the steps that had been answered, and the one under way is dropped", async () => {
  await showPreview();
  actions.toggleFinish();
  for (const id of [1, 2]) (await server.next("/api/step")).answer(stepAnswer([pill(id, `t${id}`)]));
  const late = await server.next("/api/step");
  actions.deleteLast();
  assert.equal(late.aborted, true);
  late.answer(stepAnswer([pill(3, "t3")]));
  await pause(10);
  assert.equal(completion(), "t1");
});

test("Finish has a limit of its own where Play has none", async () => {
  assert.equal(actions.mostToFinish(), 300);
  actions.setMaxTokens(2);
  await showPreview();
  actions.toggleFinish();
  for (const id of [1, 2]) (await server.next("/api/step")).answer(stepAnswer([pill(id, `t${id}`)]));
  await pause(20);
  actions.setMaxTokens(null);
  // Without a browser there is no frame between the two.
  assert.equal(store.message.value, "Stopped: 2 tokens, the most that Finish takes in one go. Press it again to go on. Steps came faster than the page draws: it drew 1 in 2.");
  assert.equal(store.playing.value, false);
});

test("a step that fails at full speed keeps those before it", async () => {
  await showPreview();
  actions.toggleFinish();
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "t1")]));
  (await server.next("/api/step")).answer({ detail: "too long", code: "x", hint: "" }, 400);
  await pause(20);
  assert.deepEqual([completion(), store.failure.value?.detail, store.playing.value], ["t1", "too long", false]);
});
