// What the views say, in a document without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { h } from "../html.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, createSession, placeOf } from "../state/session.js";
import * as store from "../state/store.js";
import { installPage, rendered } from "./page_double.js";
import { PARIS, pill, status } from "./samples.js";

const { root } = installPage();
const { render } = await import("preact");
const { App } = await import("../view/app.js");
render(h(App, {}), root);

/** @param {string} selector */
const texts = (selector) => [...root.querySelectorAll(selector)].map((element) => element.textContent?.trim());

/** @param {string} name */
function button(name) {
  return [...root.querySelectorAll("button")].find((one) => (one.getAttribute("aria-label") ?? one.textContent)?.trim() === name);
}

function showParis() {
  store.server.value = "ok";
  store.status.value = status();
  store.shown.value = {
    place: placeOf(store.session.value), prompt_tokens: [pill(7, "Hello"), pill(8, "<s>", { special: true })],
    dist: PARIS, chosen: null, failure: null,
  };
}

test("before the server answers the page stands and waits", () => {
  assert.ok(button("Step") && button("Play") && button("Delete last token") && button("Clear"));
  assert.match(root.textContent ?? "", /No distribution yet/);
  assert.deepEqual(texts(".model .pill"), ["LOADING"]);
});

test("rows show rank, change of rank, both probabilities and who cut them", async () => {
  showParis();
  await rendered();
  assert.deepEqual(texts(".row-item .row-rank"), ["1", "2▴1", "–"]);
  assert.deepEqual(texts(".row-item .row-token"), ["Paris", "␠The", "London"]);
  assert.deepEqual(texts(".row-item .row-final"), ["0.600", "0.400", "0"]);
  assert.deepEqual(texts(".row-item .row-base"), ["0.582", "0.382", "1.2e-5"]);
  assert.deepEqual(texts(".badge"), ["cut: top-p"]);
  assert.match(texts(".legend-kept")[0] ?? "", /nucleus keeps 2 tokens · 0.93 bits/);
  assert.match(root.querySelector(".row-item button")?.getAttribute("aria-label") ?? "", /Paris: 0.600, raw 0.582/);
});

test("bars are drawn on one scale", () => {
  const widths = [...root.querySelectorAll(".row-item .bar-final")].map((bar) => /** @type {HTMLElement} */ (bar).style.width);
  assert.deepEqual(widths, ["60.000%", "40.000%", "0.000%"]);
});

test("the model card tells the facts and the errors", async () => {
  store.status.value = status({ error: "first line\n\nlast line", notice: "The built-in model stands in." });
  await rendered();
  assert.deepEqual(texts(".model-meta"), ["tiny · cpu / float32 · Q4_1 · chat template on · eos=9 · context 512"]);
  assert.match(root.querySelector(".note-text")?.textContent ?? "", /last line/);
  assert.match(root.textContent ?? "", /The built-in model stands in\./);
  store.status.value = status({ ready: false, loading: true, load: { model_id: "m", phase: "downloading", file: "m.gguf", bytes: 5e6, total: 1e7, bytes_per_s: null } });
  await rendered();
  assert.match(root.querySelector(".progress")?.textContent ?? "", /Downloading m\.gguf\s*5\.0 MB of 10\.0 MB/);
});

test("without a template there is one field, with it two", async () => {
  store.status.value = status({ has_chat_template: false });
  await rendered();
  assert.deepEqual(texts(".text-block label"), ["Text"]);
  store.status.value = status();
  await rendered();
  assert.deepEqual(texts(".text-block label"), ["System message", "User message"]);
});

test("tokens are pills of their kind, and the last one can be removed", async () => {
  store.session.value = appendTokens(createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS }), [
    { token: pill(1, "Paris"), origin: "sampled", params: DEFAULT_PARAMS, constraint: null, dist: PARIS, stop_reason: null },
  ]);
  showParis();
  await rendered();
  assert.deepEqual(texts(".pills .token-prompt"), ["Hello"]);
  assert.deepEqual(texts(".pills .token-special"), ["<s>"]);
  assert.deepEqual(texts(".pills .token-completion .token-text"), ["Paris"]);
  assert.match(root.querySelector(".input .column-head")?.textContent ?? "", /3 tokens/);
  const last = /** @type {HTMLElement} */ (root.querySelector(".pills .token-last"));
  last.click();
  await rendered();
  assert.equal(store.completion.value.length, 0);
});

test("the picked row is outlined; one that is not listed is marked as Other", async () => {
  showParis();
  store.shown.value = store.shown.value && { ...store.shown.value, chosen: 2 };
  await rendered();
  assert.deepEqual(texts('[data-chosen="true"] .row-token'), ["␠The"]);
  store.shown.value = store.shown.value && { ...store.shown.value, chosen: 77 };
  await rendered();
  assert.deepEqual(texts('[data-chosen="true"] .row-token'), ["Other"]);
});

test("a refusal takes the place of the distribution", async () => {
  store.shown.value = store.shown.value && { ...store.shown.value, dist: null, failure: { detail: "The context is empty.", hint: "Type some text." } };
  await rendered();
  assert.match(root.querySelector(".empty")?.textContent ?? "", /The context is empty\.\s*Type some text\./);
});

test("an error is shown in full and can be dismissed", async () => {
  store.failure.value = { detail: "x".repeat(500), hint: "Do this." };
  await rendered();
  assert.match(root.querySelector(".banner")?.textContent ?? "", /x{500}\s*Do this\./);
  button("Dismiss")?.click();
  await rendered();
  assert.equal(root.querySelector(".banner"), null);
});
