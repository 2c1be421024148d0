// Branches, undo and redo on the page: what stands behind the buttons, against a server that answers late.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import * as actions from "../state/actions.js";
import { NO_HISTORY } from "../state/history.js";
import { forgetInputs } from "../state/known_inputs.js";
import { noteModel } from "../state/model_change.js";
import { moved } from "../state/moved_completions.js";
import { pause as pausePlayback } from "../state/playback.js";
import { cancelPreview, requestPreview } from "../state/preview.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { createSession } from "../state/session.js";
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
  forgetInputs();
  store.server.value = "ok";
  store.status.value = status();
  noteModel(status());
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  store.history.value = NO_HISTORY;
  store.latestParams.value = DEFAULT_PARAMS;
  store.input.value = store.shown.value = store.maxTokens.value = null;
  store.message.value = "";
});

const completion = () => store.completion.value.map((node) => node.token.display).join("");
const names = () => store.session.value.branches.map((branch) => branch.name).join();

/** Answers the previews that come until nobody asks any more. */
async function settle() {
  requestPreview();
  await pause(10);
  while (server.pending().includes("/api/preview")) {
    (await server.next("/api/preview")).answer(previewAnswer());
    await pause(10);
  }
}

/** @param {string} display @param {() => Promise<unknown>} [act] */
async function write(display, act = actions.step) {
  await settle();
  const stepped = act();
  (await server.next("/api/step")).answer(stepAnswer([pill(display.charCodeAt(0), display)]));
  await stepped;
}

/** @type {[string, () => unknown][]} */
const EDITS = [
  ["step", () => write("a")],
  ["forced token", () => write("b", () => actions.forceToken(2))],
  ["deletion of a token", actions.deleteLast],
  ["removal of the completion", actions.removeCompletion],
  ["clear", actions.clear],
  ["typing", () => actions.typePrompt("Ho")],
  ["chat template", () => actions.useTemplate(false)],
  ["temperature", () => actions.editParam({ temperature: 1.5 })],
  ["new input", actions.newInput],
  ["fork", actions.forkBranch],
  ["duplicate", actions.duplicateBranch],
  ["renaming", () => actions.endRenaming("hot")],
  ["deletion of an input", () => (actions.forkBranch(), actions.deleteBranch())],
  ["prompt from the library", () => actions.takePrompt("Once")],
];
for (const [label, act] of EDITS)
  test(`${label} can be undone and done again`, async () => {
    await write("x");
    const before = store.session.value;
    const moments = store.history.value.past.length;
    await act();
    const after = store.session.value;
    assert.equal(store.history.value.past.at(-1)?.label, label);
    while (store.history.value.past.length > moments) actions.undo();
    assert.match(store.message.value, /^Undone: /);
    assert.deepEqual(store.session.value.branches, before.branches);
    while (store.history.value.future.length > 0) actions.redo();
    assert.deepEqual([store.session.value.branches, store.session.value.active], [after.branches, after.active]);
    cancelPreview();
  });

test("what was typed in one go is undone in one go", () => {
  for (const text of ["H", "Ho", "Hot"]) actions.typePrompt(text);
  actions.typeSystem("Be hot.");
  actions.undo();
  assert.deepEqual([store.branch.value.prompt, store.branch.value.system], ["Hot", ""]);
  actions.undo();
  assert.equal(store.branch.value.prompt, "Hi");
});

test("a token that is forced over the last one is one edit", async () => {
  await write("x");
  store.shown.value = { place: { branch: 1, prompt: "Hi", system: "", use_template: true, leaf: null }, dist: PARIS, chosen: null, failure: null };
  const forced = actions.forceToken(2);
  (await server.next("/api/step")).answer(stepAnswer([pill(2, "y")]));
  await forced;
  assert.equal(completion(), "y");
  actions.undo();
  assert.equal(completion(), "x");
});

test("Play stops after the most it may take, and is undone as one edit", async () => {
  await settle();
  store.speedMs.value = 1;
  store.maxTokens.value = 2;
  actions.togglePlay();
  for (const display of ["a", "b"]) (await server.next("/api/step")).answer(stepAnswer([pill(1, display)]));
  await pause(20);
  assert.deepEqual([completion(), store.playing.value], ["ab", false]);
  assert.equal(store.message.value, "Stopped: 2 tokens, the most that Play takes in one go.");
  actions.undo();
  assert.equal(completion(), "");
});

for (const [name, act] of /** @type {[string, () => void][]} */ ([
  ["selecting", () => actions.selectBranch(1)], ["a new input", actions.newInput], ["a fork", actions.forkBranch], ["undo", actions.undo],
]))
  test(`${name} stops playback, and the answer under way reaches no other branch`, async () => {
    actions.forkBranch();
    await settle();
    actions.togglePlay();
    const call = await server.next("/api/step");
    act();
    assert.equal(store.playing.value, false);
    assert.equal(call.aborted, true);
    call.answer(stepAnswer([pill(1, "late")]));
    await settle();
    assert.deepEqual(store.session.value.nodes, {});
  });

test("the fork of a finished text says how it can go on", async () => {
  await settle();
  const stepped = actions.step();
  (await server.next("/api/step")).answer(stepAnswer([pill(9, "<end>")], { done: true, stop_reason: "eos_token" }));
  await stepped;
  actions.forkBranch();
  assert.equal(store.message.value, "Input 2 is a fork of Input 1. Delete its last token to go on in another way.");
  assert.equal(await actions.step(), "refused");
  actions.deleteLast();
  await write("b");
  assert.equal(completion(), "b");
});

test("a new input has the parameters that were edited last, whichever branch they are of", () => {
  actions.editParam({ temperature: 1.5 });
  actions.forkBranch();
  actions.editParam({ temperature: 0.3 });
  actions.selectBranch(1);
  actions.newInput();
  assert.equal(store.branch.value.params.temperature, 0.3);
  assert.deepEqual([store.branch.value.prompt, store.branch.value.system, names()], ["", "You are a helpful assistant.", "Input 1,Input 2,Input 3"]);
});

test("whoever comes back to a text sees its tokens at once", async () => {
  await settle();
  actions.newInput();
  (await server.next("/api/preview")).answer(previewAnswer({ prompt_tokens: [], dist: null }));
  await settle();
  assert.equal(store.promptTokens.value.length, 1);
  actions.selectBranch(1);
  assert.deepEqual(store.promptTokens.value.map((token) => token.display), ["Hello"]);
});

test("another model takes completions off, and undo shows them without going on", async () => {
  await write("a");
  noteModel(status({ model_id: "other" }));
  store.status.value = status({ model_id: "other" });
  assert.equal(completion(), "");
  assert.deepEqual(moved.value?.aside, ["Input 1"]);
  actions.undo();
  assert.equal(moved.value?.aside, undefined, "what was undone is told no longer");
  assert.equal(completion(), "a");
  const asked = await server.next("/api/preview");
  assert.deepEqual([asked.body.tokens_only, asked.body.completion_ids], [true, []], "ids of another model are never sent");
  asked.answer(previewAnswer({ model: status({ model_id: "other" }), dist: null }));
  await pause(10);
  assert.match(store.shown.value?.failure?.detail ?? "", /^tiny wrote this completion/);
  assert.equal(await actions.step(), "refused");
  assert.match(store.message.value, /^tiny wrote this completion\. Load it to go on/);
  noteModel(status());
  assert.equal(completion(), "a", "its own model finds it where it is");
  noteModel(status({ model_id: "other" }));
  assert.equal(completion(), "");
  noteModel(status());
  assert.deepEqual([completion(), moved.value?.back], ["a", ["Input 1"]], "or brings it back");
  actions.setRows(12);
  assert.notEqual(moved.value, null, "what changes the view is no edit");
  await write("b");
  assert.equal(moved.value, null, "who goes on has read it");
});
