// Looking for a token of the vocabulary.

import assert from "node:assert/strict";
import { test } from "node:test";
import { noteModel } from "../state/model_change.js";
import { found, searchTokens } from "../state/token_search.js";
import * as store from "../state/store.js";
import { pill, previewAnswer, status } from "./samples.js";
import { pause, serverDouble } from "./server_double.js";

const server = serverDouble();
store.server.value = "ok";
store.status.value = status();
noteModel(status());

test("the last text that was typed is looked for, and what is found is asked about with every preview", async () => {
  searchTokens("P");
  searchTokens("Par is");
  const call = await server.next("/api/tokens?query=Par+is&limit=8");
  assert.deepEqual(server.pending(), []);
  call.answer({ model_id: "tiny", tokens: [pill(7, "Par"), pill(9, "Paris")], found: 12 });
  let preview = await server.next("/api/preview");
  preview.answer(previewAnswer());
  preview = preview.body.tokens_only ? await server.next("/api/preview") : preview;
  assert.deepEqual(preview.body.probe_ids, [7, 9]);
  assert.equal(found.value?.found, 12);
});

test("an answer for an older text, or of another model, finds nothing", async () => {
  searchTokens("a");
  const older = await server.next("/api/tokens?query=a&limit=8");
  searchTokens("b");
  const newer = await server.next("/api/tokens?query=b&limit=8");
  older.answer({ model_id: "tiny", tokens: [pill(1, "a")], found: 1 });
  newer.answer({ model_id: "another", tokens: [pill(2, "b")], found: 1 });
  await pause(20);
  assert.deepEqual(store.probes.value, [7, 9]);
});

test("an empty field and another model end the search", async () => {
  searchTokens("");
  assert.deepEqual([found.value, store.probes.value], [null, []]);
  store.probes.value = [3];
  noteModel({ ...status(), model_id: "another" });
  assert.deepEqual(store.probes.value, []);
});
