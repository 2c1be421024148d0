import assert from "node:assert/strict";
import { test } from "node:test";
import { restore, restoreParams, watch } from "../state/persist.js";
import { editParams } from "../state/params.js";
import * as store from "../state/store.js";

/** @param {Record<string, string>} values */
function storageOf(values) {
  return {
    values,
    getItem: (/** @type {string} */ key) => values[key] ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => void (values[key] = value),
  };
}

test("stored values come back, also those outside a slider", () => {
  const params = { greedy: false, temperature: 3.5, top_p: 0.123, repetition_penalty: 0.9, presence_penalty: 0, frequency_penalty: -1, seed: -4, stop_sequences: ["\n", ""] };
  restore(storageOf({
    "llmDemo.params": JSON.stringify({ params, preset: "custom" }), "llmDemo.topK": "99", "llmDemo.stepSpeedMs": "40",
    "llmDemo.llmEnabled": "0", "llmDemo.decodingCollapsed": "0", "llmDemo.modelId": "some/model", "tokenscope.theme": "dark", "tokenscope.maxTokens": "12",
    "llmDemo.attrMethod": "saliency", "llmDemo.attrCollapsed": "0", "tokenscope.attrOptions": '{"signed":true,"steps":100}',
    "tokenscope.params": '{"nucleus_rule":"seed","penalty_scope":"no_specials"}',
  }));
  assert.deepEqual(store.branch.value.params, { ...params, stop_sequences: ["\n"], nucleus_rule: "seed", penalty_scope: "no_specials", preset: "custom" });
  assert.deepEqual([store.rows.value, store.speedMs.value, store.maxTokens.value, store.llmEnabled.value, store.decodingCollapsed.value], [50, 80, 12, false, false]);
  assert.deepEqual([store.modelField.value, store.theme.value], ["some/model", "dark"]);
  assert.deepEqual([store.attributionMethod.value, store.attributionCollapsed.value, store.attributionOptions.value], ["saliency", false, { signed: true, steps: 100 }]);
});

test("what cannot be read is a default", () => {
  restore(storageOf({ "llmDemo.params": "{oops", "llmDemo.topK": "many", "tokenscope.maxTokens": "-3", "llmDemo.llmEnabled": "yes", "tokenscope.theme": "pink", "tokenscope.attrOptions": "[1" }));
  assert.equal(store.branch.value.params.preset, "balanced");
  assert.deepEqual([store.rows.value, store.speedMs.value, store.maxTokens.value, store.llmEnabled.value, store.theme.value], [10, 650, null, true, "auto"]);
  assert.equal(store.modelField.value, store.DEFAULT_MODEL);
  assert.deepEqual([store.attributionMethod.value, store.attributionCollapsed.value, store.attributionOptions.value], ["off", true, {}]);
  assert.equal(restoreParams('{"params":{"temperature":"hot","greedy":true},"preset":"reliable"}', "7").temperature, 0.7);
});

test("greedy follows the preset", () => {
  assert.equal(restoreParams('{"params":{"greedy":true},"preset":"balanced"}', null).greedy, false);
  assert.equal(restoreParams('{"params":{"greedy":false},"preset":"greedy"}', null).greedy, true);
});

test("only changes are written, in the old program's formats", () => {
  const storage = storageOf({ "llmDemo.constraintType": "regex" });
  restore(storage);
  const stop = watch(storage);
  assert.deepEqual(Object.keys(storage.values), ["llmDemo.constraintType"]);
  store.attributionMethod.value = "integrated_gradients";
  store.attributionOptions.value = { signed: true };
  store.attributionCollapsed.value = false;
  store.rows.value = 20;
  store.stepSpeedCollapsed.value = false;
  store.latestParams.value = editParams(store.latestParams.value, { temperature: 1.5 });
  store.maxTokens.value = 40;
  stop();
  assert.deepEqual([storage.values["llmDemo.topK"], storage.values["tokenscope.maxTokens"]], ["20", "40"]);
  assert.equal(storage.values["llmDemo.stepSpeedCollapsed"], "0");
  const stored = JSON.parse(storage.values["llmDemo.params"] ?? "");
  assert.deepEqual(Object.keys(stored.params).sort(), ["frequency_penalty", "greedy", "presence_penalty", "repetition_penalty", "seed", "stop_sequences", "temperature", "top_p"]);
  assert.deepEqual([stored.params.temperature, stored.preset], [1.5, "custom"]);
  assert.equal(storage.values["llmDemo.constraintType"], "regex");
  const attribution = ["llmDemo.attrMethod", "tokenscope.attrOptions", "llmDemo.attrCollapsed"].map((key) => storage.values[key]);
  assert.deepEqual(attribution, ["integrated_gradients", '{"signed":true}', "0"]);
});

test("a storage that refuses is no error", () => {
  const refuse = () => {
    throw new Error("forbidden");
  };
  restore({ getItem: refuse, setItem: refuse });
  const stop = watch({ getItem: refuse, setItem: refuse });
  store.rows.value = 30;
  stop();
});
