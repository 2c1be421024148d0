// The model card, in a document without a browser.

import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import { h } from "../html.js";
import * as store from "../state/store.js";
import { installPage, rendered } from "./page_double.js";
import { catalog, loading, MODELS, status } from "./samples.js";
import { serverDouble } from "./server_double.js";

const { root } = installPage();
const { render } = await import("preact");
const { ModelCard } = await import("../view/model_card.js");
const { amountText } = await import("../view/load_progress.js");
const { modelFacts } = await import("../view/model_facts.js");
const server = serverDouble();
render(h(ModelCard, {}), root);

after(() => {
  // A load that was begun polls for ever.
  setTimeout(() => process.exit(), 50);
});

/** @param {string} selector */
const texts = (selector) => [...root.querySelectorAll(selector)].map((element) => element.textContent?.trim().replace(/\s+/g, " "));
const field = () => /** @type {HTMLInputElement} */ (root.querySelector('[role="combobox"]'));
const is = (/** @type {string} */ name) => field().getAttribute(name);

/** @param {EventTarget | null | undefined} target @param {string} type @param {object} [facts] */
async function fire(target, type, facts = {}) {
  const event = Object.assign(new Event(type, { bubbles: true, cancelable: true }), facts);
  target?.dispatchEvent(event);
  await rendered();
  return event;
}

const press = (/** @type {string} */ key) => fire(field(), "keydown", { key });

/** @param {string} text */
async function type(text) {
  field().value = text;
  await fire(field(), "input");
}

beforeEach(async () => {
  store.server.value = "ok";
  store.status.value = status();
  store.catalog.value = catalog({ models: MODELS });
  store.modelField.value = "tiny";
  store.loadFailure.value = null;
  await rendered();
  await fire(field(), "blur");
});

test("the list opens by key, in two groups with sizes, whatever stands in the field", async () => {
  assert.deepEqual([is("aria-expanded"), texts(".option").length], ["false", 0]);
  assert.equal((await press("ArrowDown")).defaultPrevented, true);
  assert.deepEqual([is("aria-expanded"), is("aria-activedescendant")], ["true", "model-option-0"]);
  assert.deepEqual(texts(".options-title"), ["On this machine", "To fetch"]);
  assert.deepEqual(texts(".option-size"), ["98 MB", "about 1.5 GB", "about 551 MB"]);
  assert.deepEqual(texts('.option[aria-selected="true"] .option-id'), ["builtin:small"]);
});

test("typing filters, and with nothing left there is no list", async () => {
  await type("qwen");
  assert.deepEqual([texts(".option-id"), texts(".options-title")], [["Qwen/Qwen3-0.6B"], ["To fetch"]]);
  assert.equal(store.modelField.value, "qwen");
  await type("/my/model.gguf");
  assert.deepEqual([is("aria-expanded"), root.querySelector(".options")?.hasAttribute("hidden")], ["false", true]);
  assert.equal((await press("ArrowDown")).defaultPrevented, false);
});

test("Escape and going elsewhere close the list and leave the text", async () => {
  await type("gpt");
  let heard = 0;
  root.addEventListener("keydown", () => void (heard += 1));
  await press("Escape");
  assert.deepEqual([is("aria-expanded"), field().value, heard], ["false", "gpt", 0]);
  await press("Escape");
  assert.equal(heard, 1, "a closed list leaves Escape to the drawer");
  await press("ArrowUp");
  assert.equal(is("aria-activedescendant"), "model-option-2", "closing ends the filter");
  await fire(field(), "blur");
  assert.deepEqual([is("aria-expanded"), is("aria-activedescendant")], ["false", null]);
});

test("Enter loads the option that is meant", async () => {
  await press("ArrowDown");
  await press("ArrowDown");
  await press("Enter");
  const call = await server.next("/api/model/load");
  assert.deepEqual(call.body, { model_id: "Qwen/Qwen3-0.6B" });
  assert.deepEqual([is("aria-expanded"), field().value], ["false", "Qwen/Qwen3-0.6B"]);
  call.drop();
  (await server.next("/api/model/status")).answer(status());
  await rendered();
});

test("without one, Enter is left to the form, which loads what was typed", async () => {
  await type("gpt");
  assert.equal((await press("Enter")).defaultPrevented, false);
  await fire(root.querySelector("form"), "submit");
  const call = await server.next("/api/model/load");
  assert.deepEqual([call.body, is("aria-expanded")], [{ model_id: "gpt" }, "false"]);
  call.drop();
  (await server.next("/api/model/status")).answer(status());
  await rendered();
});

test("a pointer opens the list, keeps the focus in the field and picks", async () => {
  await fire(field(), "click");
  assert.equal(is("aria-expanded"), "true");
  assert.equal((await fire(root.querySelector(".options"), "mousedown")).defaultPrevented, true);
  await fire(root.querySelectorAll(".option")[2], "click");
  const call = await server.next("/api/model/load");
  assert.deepEqual(call.body, { model_id: "openai/gpt2" });
  call.drop();
  (await server.next("/api/model/status")).answer(status());
  await rendered();
});

test("a load shows what it does, how far it is and who answers meanwhile", async () => {
  store.status.value = loading();
  await rendered();
  assert.deepEqual(texts(".progress p"), ["Loading other", "tiny goes on answering.", "Downloading m.gguf", "5.0 MB of 10 MB"]);
  assert.deepEqual(["max", "value"].map((name) => root.querySelector("progress")?.getAttribute(name)), ["10000000", "5000000"]);
  store.status.value = { ...loading({ phase: "reading" }), ready: false };
  await rendered();
  assert.deepEqual(texts(".progress p").slice(1), ["Reading the weights m.gguf", "5.0 MB of 10 MB"]);
  assert.equal(root.querySelector("progress")?.hasAttribute("value"), false);
  [...root.querySelectorAll("button")].find((one) => one.textContent === "Cancel")?.click();
  (await server.next("/api/model/cancel")).answer({ ok: true, model_id: "other" });
  (await server.next("/api/model/status")).answer(status());
  await rendered();
  assert.equal(root.querySelector(".progress"), null);
});

test("a server that is gone has no progress", async () => {
  store.status.value = loading();
  store.server.value = "error";
  await rendered();
  assert.deepEqual([root.querySelector(".progress"), texts(".pill")], [null, ["ERROR"]]);
});

test("the remaining time is told when it means something", () => {
  const load = { model_id: "m", phase: "downloading", file: null, bytes: 312e6, total: 1.03e9, bytes_per_s: 24e6 };
  for (const [change, expected] of /** @type {[object, string][]} */ ([
    [{}, "312 MB of 1.0 GB, 24 MB/s, about 30 s left"],
    [{ bytes_per_s: null }, "312 MB of 1.0 GB"],
    [{ bytes_per_s: 0 }, "312 MB of 1.0 GB"],
    [{ bytes: 5e6 }, "5.0 MB of 1.0 GB, 24 MB/s"],
    [{ bytes: 1.03e9 }, "1.0 GB of 1.0 GB, 24 MB/s"],
    [{ total: null }, "312 MB, 24 MB/s"],
    [{ phase: "verifying" }, "312 MB of 1.0 GB"],
    [{ phase: "locating", bytes: 0, total: null }, ""],
  ])) assert.equal(amountText({ ...load, ...change }), expected);
});

test("an error is shown in full, with who still answers and a way to copy it", async () => {
  store.status.value = status({ error: "first line\n\nlast line" });
  await rendered();
  assert.match(root.querySelector(".note-error")?.textContent ?? "", /tiny\s*still answers/);
  assert.equal(root.querySelector(".error-detail")?.textContent, "first line\n\nlast line");
  /** @type {string[]} */
  const copied = [];
  Object.defineProperty(globalThis, "navigator", { configurable: true, value: { clipboard: { writeText: async (/** @type {string} */ text) => void copied.push(text) } } });
  const copy = /** @type {HTMLElement} */ (root.querySelector('[aria-label="Copy the error"]'));
  copy.click();
  await rendered();
  assert.deepEqual([copied, copy.textContent], [["first line\n\nlast line"], "Copied"]);
});

test("a load that was refused at once says so in the same place", async () => {
  store.loadFailure.value = { detail: "model_id is required", hint: "Give one." };
  await rendered();
  assert.deepEqual([texts(".error-detail"), texts(".error-hint")], [["model_id is required"], ["Give one."]]);
});

test("a stand-in is noticed, and the absence of any model", async () => {
  store.status.value = status({ notice: "The built-in model stands in." });
  await rendered();
  assert.deepEqual([texts(".note summary"), texts(".note .folded-body")], [["A stand-in answers: a load failed"], ["The built-in model stands in."]]);
  store.status.value = status({ ready: false, model_id: "" });
  await rendered();
  assert.match(texts(".note")[0] ?? "", /No model answers yet/);
});

test("one line tells the model's size, and one that a load failed: the rest is folded", async () => {
  store.status.value = status({ parameters: 134_515_008, error: "No such model.\nIt is not on the hub." });
  await rendered();
  assert.deepEqual(texts(".model summary"), ["The last load failed. No such model. It is not on the hub.", "135 M parameters · Q4_1 · cpu / float32"]);
  assert.deepEqual([...root.querySelectorAll(".model details")].map((one) => one.hasAttribute("open")), [false, false]);
});

test("the facts, as far as they are known", () => {
  const facts = (/** @type {object} */ change) => modelFacts(status(change), true).map(([term, fact]) => `${term}: ${fact}`);
  assert.deepEqual(facts({ parameters: 134_515_008, context_length: 8192, logit_size: 49152, source: "builtin", load_seconds: 0.4123 }), [
    "Model: tiny", "Runs on: cpu / float32", "Weights: 135 M parameters, Q4_1", "Context: 8,192 tokens", "Logits: 49,152 per position",
    "End token: eos=9", "Template: chat template on", "Source: built in, loaded in 0.41 s",
  ]);
  assert.deepEqual(
    facts({ parameters: null, quantization: null, context_length: null, logit_size: null, eos_token_id: null, has_chat_template: false, source: null, load_seconds: null }),
    ["Model: tiny", "Runs on: cpu / float32"],
  );
  assert.deepEqual(facts({ load_seconds: 754 }).at(-1), "Source: a file, loaded in 13 min");
});
