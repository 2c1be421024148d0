// A load under way: the stream of states, its end, and answers that come too late.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { cancelLoad, loadModel, pollStatus } from "../state/model.js";
import { noteModel } from "../state/model_change.js";
import { cancelPreview } from "../state/preview.js";
import * as store from "../state/store.js";
import { catalog, loading, MODELS, status } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

const CATALOG = catalog({ models: MODELS });
/** @type {ReturnType<typeof serverDouble>} */
let server;

beforeEach(async () => {
  server = serverDouble();
  store.server.value = "ok";
  store.catalog.value = { ...CATALOG, models: [] };
  store.status.value = status();
  store.modelField.value = "tiny";
  store.savedModel.value = "";
  store.message.value = "";
  noteModel(status());
  await answerPoll(status());
});

after(() => {
  // The next poll is always scheduled.
  setTimeout(() => process.exit(), 50);
});

/** Asks for the state and answers. @param {unknown} answer */
async function answerPoll(answer) {
  const polled = pollStatus();
  (await server.next("/api/model/status")).answer(answer);
  await polled;
  cancelPreview();
}

/** Begins to load `other` and returns the stream that tells about it. */
async function beginLoad() {
  const begun = loadModel("other");
  (await server.next("/api/model/load")).answer({ ok: true, model_id: "other" });
  (await server.next("/api/model/status")).answer(loading({ phase: "locating", total: null, bytes: 0 }));
  await begun;
  const stream = server.streams.at(-1);
  assert.ok(stream);
  return stream;
}

test("the stream is open while a load is under way, and only then", async () => {
  assert.equal(server.streams.length, 0);
  const stream = await beginLoad();
  assert.deepEqual([server.streams.length, stream.path, stream.closed], [1, "/api/events", false]);
  stream.send(loading({ bytes: 7e6 }));
  assert.equal(store.load.value?.bytes, 7e6);
  assert.equal(server.streams.length, 1);
  stream.send(status({ model_id: "other" }));
  cancelPreview();
  assert.equal(stream.closed, true);
  assert.deepEqual([store.status.value?.loading, store.message.value, store.savedModel.value], [false, "Ready", "other"]);
});

test("a load that is under way when the page opens is followed, too", async () => {
  await answerPoll(loading());
  assert.equal(server.streams.length, 1);
  await answerPoll(status());
  assert.equal(server.streams[0]?.closed, true);
});

test("a stream that breaks leaves the rest to polling", async () => {
  const stream = await beginLoad();
  stream.break();
  assert.equal(stream.closed, true);
  (await server.next("/api/model/status")).answer(loading({ bytes: 6e6 }));
  await pause(10);
  assert.equal(store.load.value?.bytes, 6e6);
  (await server.next("/api/model/status")).answer(loading({ bytes: 8e6 }));
  await pause(10);
  assert.deepEqual([store.load.value?.bytes, server.streams.length], [8e6, 1]);
  await answerPoll(status({ error: "No luck." }));
  assert.equal(store.message.value, "other could not be loaded.");
});

test("what is no state breaks the stream instead of the page", async () => {
  const stream = await beginLoad();
  stream.send(undefined);
  assert.equal(stream.closed, true);
  (await server.next("/api/model/status")).answer(status());
  await pause(10);
});

test("an answer older than an event changes nothing", async () => {
  const stream = await beginLoad();
  const polled = pollStatus();
  const late = await server.next("/api/model/status");
  stream.send(loading({ bytes: 9e6 }));
  late.answer(loading({ bytes: 1e6 }));
  await polled;
  assert.equal(store.load.value?.bytes, 9e6);
  stream.send(status({ error: "No luck." }));
});

test("an event after the end changes nothing", async () => {
  const stream = await beginLoad();
  stream.send(status({ error: "No luck." }));
  stream.send(loading({ bytes: 9e6 }));
  assert.deepEqual([store.status.value?.loading, store.status.value?.error], [false, "No luck."]);
  assert.deepEqual([store.message.value, store.modelField.value], ["other could not be loaded.", "tiny"]);
});

test("an event that crossed an answer of the new model is not believed", async () => {
  const stream = await beginLoad();
  noteModel(status({ model_id: "other" }));
  stream.send(loading({ bytes: 1e7 }));
  assert.equal(store.status.value?.model_id, "other");
  (await server.next("/api/model/status")).answer(status({ model_id: "other" }));
  await pause(10);
  cancelPreview();
  assert.deepEqual([store.status.value?.loading, store.status.value?.model_id, stream.closed], [false, "other", true]);
});

test("a status that crossed an answer of the new model is asked for again", async () => {
  const polled = pollStatus();
  const old = await server.next("/api/model/status");
  noteModel(status({ model_id: "other" }));
  old.answer(status());
  (await server.next("/api/model/status")).answer(status({ model_id: "other" }));
  await polled;
  cancelPreview();
  assert.equal(store.status.value?.model_id, "other");
});

test("cancel ends the load, gives the field back and says who answers", async () => {
  const stream = await beginLoad();
  assert.equal(store.modelField.value, "other");
  const cancelled = cancelLoad();
  await cancelLoad();
  (await server.next("/api/model/cancel")).answer({ ok: true, model_id: "other" });
  (await server.next("/api/model/status")).answer(status());
  await cancelled;
  assert.deepEqual([stream.closed, store.status.value?.loading], [true, false]);
  assert.equal(store.message.value, "Cancelled loading other. tiny still answers.");
  assert.deepEqual([store.modelField.value, store.savedModel.value, store.loadFailure.value], ["tiny", "", null]);
  assert.equal(server.pending().includes("/api/model/cancel"), false);
});

test("cancel is told once, also when the stream is quicker than the answer", async () => {
  const stream = await beginLoad();
  const cancelled = cancelLoad();
  const call = await server.next("/api/model/cancel");
  stream.send(status());
  assert.match(store.message.value, /^Cancelled loading other/);
  store.message.value = "";
  call.answer({ ok: true, model_id: "other" });
  (await server.next("/api/model/status")).answer(status());
  await cancelled;
  assert.equal(store.message.value, "");
});

test("a cancel that comes too late is no error", async () => {
  const stream = await beginLoad();
  const cancelled = cancelLoad();
  const call = await server.next("/api/model/cancel");
  stream.send(status({ model_id: "other" }));
  call.answer({ detail: "No model is being loaded.", code: "nothing_to_cancel", hint: "" }, 409);
  (await server.next("/api/model/status")).answer(status({ model_id: "other" }));
  await cancelled;
  cancelPreview();
  assert.deepEqual([store.message.value, store.savedModel.value, store.failure.value], ["Ready", "other", null]);
});

test("a load begun elsewhere at once can be cancelled as well", async () => {
  await beginLoad();
  for (const after of [loading(), status()]) {
    const cancelled = cancelLoad();
    (await server.next("/api/model/cancel")).answer({ ok: true, model_id: "other" });
    (await server.next("/api/model/status")).answer(after);
    await cancelled;
  }
  assert.equal(store.status.value?.loading, false);
});

test("a cancel that was not heard can be tried again", async () => {
  const stream = await beginLoad();
  const cancelled = cancelLoad();
  (await server.next("/api/model/cancel")).drop();
  (await server.next("/api/model/status")).answer(loading());
  await cancelled;
  assert.match(store.message.value, /does not answer/);
  void cancelLoad();
  (await server.next("/api/model/cancel")).answer({ ok: true, model_id: "other" });
  (await server.next("/api/model/status")).answer(status());
  await pause(10);
  assert.deepEqual([stream.closed, store.status.value?.loading], [true, false]);
});

test("a load cancelled elsewhere is not taken for a success", async () => {
  const stream = await beginLoad();
  stream.send(status());
  assert.equal(store.message.value, "other was not loaded. tiny still answers.");
  assert.deepEqual([store.savedModel.value, store.modelField.value], ["", "tiny"]);
});

test("the same model, loaded anew, counts as loaded", async () => {
  const begun = loadModel("tiny");
  (await server.next("/api/model/load")).answer({ ok: true, model_id: "tiny" });
  (await server.next("/api/model/status")).answer(status({ load_seconds: 0.25 }));
  await begun;
  assert.deepEqual([store.message.value, store.savedModel.value], ["Ready", "tiny"]);
});

test("the field keeps what is typed during a load", async () => {
  const stream = await beginLoad();
  store.modelField.value = "a third";
  stream.send(status({ error: "No luck." }));
  assert.equal(store.modelField.value, "a third");
});

test("pressing Load twice asks once", async () => {
  const begun = loadModel("other");
  await loadModel("other");
  assert.equal(store.message.value, "Another model is being loaded.");
  (await server.next("/api/model/load")).answer({ ok: true, model_id: "other" });
  (await server.next("/api/model/status")).answer(loading());
  await begun;
  assert.deepEqual([server.pending().includes("/api/model/load"), store.loadFailure.value], [false, null]);
  await answerPoll(status());
});

test("a refusal is forgotten once anything is loaded", async () => {
  const refused = loadModel("nonsense");
  (await server.next("/api/model/load")).answer({ detail: "No.", code: "no", hint: "" }, 400);
  (await server.next("/api/model/status")).answer(status());
  await refused;
  assert.deepEqual([store.loadFailure.value?.detail, store.message.value], ["No.", "nonsense could not be loaded."]);
  await answerPoll(loading());
  assert.equal(store.loadFailure.value, null);
  await answerPoll(status());
});

test("the suggestions are read again after each load, and the newest reading counts", async () => {
  const first = await beginLoad();
  assert.equal(server.pending().includes("/api/catalog"), false);
  first.send(status({ error: "No luck." }));
  const old = await server.next("/api/catalog");
  const second = await beginLoad();
  second.send(status());
  (await server.next("/api/catalog")).answer(CATALOG);
  await pause(10);
  old.answer({ ...CATALOG, models: [] });
  await pause(10);
  assert.equal(store.catalog.value?.models.length, 3);
  const third = await beginLoad();
  third.send(status());
  (await server.next("/api/catalog")).drop();
  await pause(10);
  assert.equal(store.catalog.value?.models.length, 3);
});
