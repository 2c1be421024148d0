// Status polling and model loading.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { loadModel, pollStatus } from "../state/model.js";
import { cancelPreview } from "../state/preview.js";
import * as store from "../state/store.js";
import { pill, previewAnswer, status, stepAnswer } from "./samples.js";
import { step } from "../state/stepping.js";
import { pause, serverDouble } from "./server_double.js";

const CATALOG = { knobs: [], stages: [], presets: [], attribution: { methods: [], options: [] }, models: [] };
const server = serverDouble();

after(() => {
  cancelPreview();
  // The next poll is always scheduled.
  setTimeout(() => process.exit(), 50);
});

test("the first preview waits until the model is ready", async () => {
  void pollStatus();
  (await server.next("/api/model/status")).answer(status({ ready: false, loading: true, model_id: "" }));
  (await server.next("/api/catalog")).answer(CATALOG);
  await pause(20);
  assert.deepEqual([store.server.value, store.ready.value], ["ok", false]);
  assert.deepEqual(server.pending(), []);
  (await server.next("/api/model/status")).answer(status());
  (await server.next("/api/preview")).answer(previewAnswer({ dist: null }));
  (await server.next("/api/preview")).answer(previewAnswer());
  await pause(10);
  assert.equal(store.message.value, "Ready");
  assert.equal(store.modelField.value, "tiny");
});

test("a failed load keeps the model and is told in full", async () => {
  const loading = loadModel(" nowhere ");
  const call = await server.next("/api/model/load");
  assert.deepEqual(call.body, { model_id: "nowhere" });
  call.answer({ ok: true, model_id: "nowhere" });
  await pause(5);
  assert.equal(store.status.value?.loading, true);
  (await server.next("/api/model/status")).answer(status({ error: "one\n\ntwo" }));
  await loading;
  assert.equal(store.status.value?.error, "one\n\ntwo");
  assert.equal(store.message.value, "nowhere could not be loaded.");
  assert.deepEqual([store.savedModel.value, store.modelField.value], ["", "tiny"]);
});

test("a blank id gives the field back, and a load under way refuses another one", async () => {
  store.modelField.value = " ";
  await loadModel(store.modelField.value);
  assert.equal(store.modelField.value, "tiny");
  store.status.value = status({ loading: true });
  await loadModel("other");
  assert.match(store.message.value, /being loaded/);
  assert.equal(server.pending().includes("/api/model/load"), false);
  store.status.value = status();
});

test("a load that is refused at once gives the field back, too", async () => {
  store.modelField.value = "nonsense";
  const loading = loadModel("nonsense");
  (await server.next("/api/model/load")).answer({ detail: "No.", code: "no", hint: "" }, 400);
  await pause(5);
  assert.equal(store.modelField.value, "tiny");
  (await server.next("/api/model/status")).answer(status());
  await loading;
  assert.deepEqual([store.loadFailure.value?.detail, store.failure.value], ["No.", null]);
});

test("another model drops the completion and is remembered", async () => {
  const stepped = step();
  (await server.next("/api/step")).answer(stepAnswer([pill(1, "a")]));
  await stepped;
  assert.equal(store.completion.value.length, 1);
  const loading = loadModel("other");
  (await server.next("/api/model/load")).answer({ ok: true, model_id: "other" });
  await pause(5);
  (await server.next("/api/model/status")).answer(status({ model_id: "other" }));
  await loading;
  assert.equal(store.completion.value.length, 0);
  assert.equal(store.savedModel.value, "other");
});

test("a server that comes back is noticed", async () => {
  cancelPreview();
  // The loads before this had the suggestions read again.
  for (const path of server.pending()) if (path === "/api/catalog") (await server.next(path)).answer(CATALOG);
  void pollStatus();
  (await server.next("/api/model/status")).drop();
  await pause(10);
  assert.equal(store.server.value, "error");
  (await server.next("/api/model/status")).answer(status({ model_id: "other" }));
  (await server.next("/api/catalog")).answer(CATALOG);
  (await server.next("/api/preview")).answer(previewAnswer({ model: status({ model_id: "other" }) }));
  await pause(10);
  assert.deepEqual([store.server.value, store.ready.value], ["ok", true]);
});
