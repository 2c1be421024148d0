// The pills belong to the text on screen, however fast people go on.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as actions from "../state/actions.js";
import { forgetInputs } from "../state/known_inputs.js";
import { noteModel } from "../state/model_change.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { pause as pausePlayback } from "../state/playback.js";
import { cancelPreview, requestPreview } from "../state/preview.js";
import { createSession } from "../state/session.js";
import { abortStep } from "../state/stepping.js";
import * as store from "../state/store.js";
import { pill, previewAnswer, status, stepAnswer } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

/** @type {ReturnType<typeof serverDouble>} */
let server;

beforeEach(async () => {
  pausePlayback();
  abortStep();
  cancelPreview();
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  noteModel(status());
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  store.llmEnabled.value = true;
  store.failure.value = null;
  await preview("Hi");
});

const pills = () => store.promptTokens.value.map((token) => token.display);

/** @param {string} display */
const tokensOf = (display) => ({ prompt_tokens: [pill(1, display)] });

/** Answers both requests of a preview. @param {string} display */
async function preview(display) {
  forgetInputs();
  store.input.value = null;
  requestPreview();
  (await server.next("/api/preview")).answer(previewAnswer({ ...tokensOf(display), dist: null }));
  (await server.next("/api/preview")).answer(previewAnswer(tokensOf(display)));
  await pause(10);
  assert.deepEqual(pills(), [display]);
}

test("the tokens of a new text are asked for first, and shown while the model reads it", async () => {
  actions.typePrompt("Ho");
  const tokens = await server.next("/api/preview");
  assert.deepEqual([tokens.body.prompt, tokens.body.tokens_only], ["Ho", true]);
  const full = await server.next("/api/preview");
  assert.deepEqual([full.body.prompt, full.body.tokens_only], ["Ho", false]);
  tokens.answer(previewAnswer({ ...tokensOf("Ho"), dist: null }));
  await pause(10);
  assert.deepEqual(pills(), ["Ho"]);
  full.answer(previewAnswer(tokensOf("Ho")));
  await pause(10);
  actions.editParam({ temperature: 1 });
  assert.equal((await server.next("/api/preview")).body.tokens_only, false, "the same text is not split again");
});

for (const [name, edit] of /** @type {[string, () => void][]} */ ([
  ["typing", () => actions.typePrompt("Ho")],
  ["toggling the template", () => actions.useTemplate(false)],
]))
  test(`a step right after ${name} shows the tokens of the new text`, async () => {
    edit();
    const stepped = actions.step();
    const tokens = await server.next("/api/preview");
    assert.equal(tokens.body.tokens_only, true);
    tokens.answer(previewAnswer({ ...tokensOf("Ho"), dist: null }));
    (await server.next("/api/step")).answer(stepAnswer([pill(2, "a")]));
    assert.equal(await stepped, "ok");
    assert.deepEqual(pills(), ["Ho"]);
  });

test("play right after typing never shows the old tokens with the new completion", async () => {
  store.speedMs.value = 1;
  actions.typePrompt("Ho");
  actions.togglePlay();
  (await server.next("/api/preview")).answer(previewAnswer({ ...tokensOf("Ho"), dist: null }));
  (await server.next("/api/step")).answer(stepAnswer([pill(2, "a")]));
  (await server.next("/api/step")).answer(stepAnswer([pill(3, "b")], { done: true, stop_reason: "eos_token" }));
  await pause(10);
  assert.deepEqual(pills(), ["Ho"]);
  assert.equal(store.completion.value.length, 2);
});

test("a text that cannot be split has no pills", async () => {
  actions.typePrompt("");
  (await server.next("/api/preview")).answer({ detail: "Empty.", code: "empty", hint: "" }, 400);
  await pause(10);
  assert.deepEqual(pills(), []);
  assert.equal(store.shown.value?.failure?.detail, "Empty.");
});

test("a slow answer makes the old distribution stale until the new one is there", async () => {
  actions.typePrompt("Ho");
  (await server.next("/api/preview")).answer(previewAnswer({ ...tokensOf("Ho"), dist: null }));
  const full = await server.next("/api/preview");
  assert.equal(store.stale.value, false);
  await pause(180);
  assert.deepEqual([store.stale.value, store.reading.value], [true, true]);
  actions.typePrompt("Hoo");
  assert.equal(store.stale.value, true, "typing on does not make it blink");
  assert.equal(full.aborted, true);
  (await server.next("/api/preview")).answer(previewAnswer({ ...tokensOf("Hoo"), dist: null }));
  (await server.next("/api/preview")).answer(previewAnswer(tokensOf("Hoo")));
  await pause(10);
  assert.equal(store.stale.value, false);
});

test("an edit that costs the completion says so, and only Clear takes the text", async () => {
  const stepped = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(2, "a")]));
  await stepped;
  actions.removeCompletion();
  assert.deepEqual([store.completion.value.length, store.branch.value.prompt, store.message.value], [0, "Hi", ""]);
  actions.clear();
  assert.deepEqual([store.branch.value.prompt, store.branch.value.system], ["", ""]);
  actions.undo();
  assert.equal(store.branch.value.prompt, "Hi");
  const again = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(2, "a")]));
  await again;
  actions.typePrompt("Ho");
  assert.match(store.message.value, /removed, because the text changed/);
});

test("the seed is that of the last token, or none", async () => {
  for (const change of [{ seed_used: 5 }, { seed_used: 6 }]) {
    const stepped = actions.step();
    (await server.next("/api/step")).answer(stepAnswer([pill(2, "a")], change));
    await stepped;
  }
  assert.equal(store.seedUsed.value, 6);
  actions.deleteLast();
  assert.equal(store.seedUsed.value, 5);
  actions.deleteLast();
  assert.equal(store.seedUsed.value, null);
});

test("an error goes when its cause goes", async () => {
  store.failure.value = { detail: "Gone.", hint: "" };
  actions.typePrompt("Ho");
  assert.equal(store.failure.value, null);
  store.failure.value = { detail: "Gone.", hint: "" };
  await preview("Ho");
  assert.equal(store.failure.value, null);
});
