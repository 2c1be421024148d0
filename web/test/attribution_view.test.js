// What the views say about an attribution, in a document without a browser.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { h } from "../html.js";
import { releaseHeat } from "../state/actions.js";
import { noteModel } from "../state/model_change.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, createSession, placeOf } from "../state/session.js";
import * as store from "../state/store.js";
import { installPage, rendered } from "./page_double.js";
import { catalog, PARIS, pill, scores, status } from "./samples.js";
import { serverDouble } from "./server_double.js";

/** @import { AttributionScores } from "../types/wire" */

const { root, document: page } = installPage();
const { render } = await import("preact");
const { App } = await import("../view/app.js");
const { listenToKeys } = await import("../view/keyboard.js");
render(h(App, {}), root);
listenToKeys(page);

const PATH = "/api/attribution";
let server = serverDouble();
let prompts = 0;

beforeEach(async () => {
  releaseHeat();
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  store.catalog.value = catalog();
  noteModel(status());
  prompts += 1;
  const params = DEFAULT_PARAMS;
  store.session.value = appendTokens(createSession({ prompt: `Hi ${prompts}`, system: "", params }), [pill(11, "It"), pill(12, "is")].map((token) => (
    { token, model: "tiny", origin: "sampled", params, constraint: null, dist: null, seed_used: 5, stop_reason: null })));
  const place = placeOf(store.session.value);
  store.input.value = { place, tokens: [pill(7, "Hello")], note: null };
  store.shown.value = { place, dist: PARIS, chosen: null, failure: null };
  store.attributionCollapsed.value = false;
  store.attributionOptions.value = {};
  store.attributionFailure.value = null;
  store.attributionMethod.value = "saliency";
  await rendered();
});

/** @param {string} selector */
const all = (selector) => /** @type {HTMLElement[]} */ ([...root.querySelectorAll(selector)]);
/** @param {string} selector */
const texts = (selector) => all(selector).map((element) => element.textContent?.replaceAll(/\s+/g, " ").trim());
const card = () => root.querySelector("#attribution-body")?.textContent?.replaceAll(/\s+/g, " ") ?? "";
const line = () => texts(".heat-line .heat-words")[0];

/** @param {HTMLElement | undefined} element @param {string} type @param {object} [more] */
async function fire(element, type, more = {}) {
  assert.ok(element);
  element.dispatchEvent(Object.assign(new Event(type, { bubbles: true, cancelable: true }), more));
  await rendered();
}

/** Hovers the first candidate and answers. @param {AttributionScores} answer */
async function hoverParis(answer) {
  await fire(all(".row-item .row")[0], "pointerenter", { pointerType: "mouse" });
  (await server.next(PATH)).answer(answer);
  await rendered();
}

test("a candidate's heat is on the tokens, with its numbers", async () => {
  await hoverParis(scores([0.125, 0.5, 0.375]));
  const tokens = all('.token[data-heat="for"]');
  assert.deepEqual(tokens.map((token) => token.style.getPropertyValue("--heat")), ["0.250", "1.000", "0.750"]);
  assert.deepEqual(tokens.map((token) => token.getAttribute("data-score")), ["0.125", "0.5", "0.375"]);
  assert.match(tokens[0]?.getAttribute("title") ?? "", /"Hello" · id 7 · 13 %/);
  assert.deepEqual(texts(".stack-rows .token .sr-only"), ["13 %", "50 %"]);
  assert.match(all(".stack-rows .token-last")[0]?.getAttribute("aria-label") ?? "", /is: the last token\. Alternatives, or remove it, 38 %/);
  assert.match(line() ?? "", /^Paris depends on It 50 %, is 38 %, Hello 13 %/);
  assert.deepEqual(texts('.row[data-target="true"] .row-token'), ["Paris"]);
});

test("a generated token paints what stands before it", async () => {
  await fire(all(".stack-rows .token-last")[0], "pointerenter", { pointerType: "mouse" });
  const call = await server.next(PATH);
  assert.deepEqual([call.body.target_index, call.body.target_token_id, call.body.completion_ids], [1, 12, [11]]);
  call.answer(scores([0.5, 0.5]));
  await rendered();
  assert.equal(all(".stack-rows .token[data-heat]").length, 2);
  assert.deepEqual(texts('.stack-rows .token[data-target="true"] .token-text'), ["is"]);
});

test("fingers and tokens of the prompt ask nothing by passing", async () => {
  await fire(all(".row-item .row")[0], "pointerenter", { pointerType: "touch" });
  await fire(all(".stack-rows .token-prompt")[0], "pointerenter", { pointerType: "mouse" });
  await new Promise((wake) => setTimeout(wake, 120));
  assert.deepEqual(server.pending(), []);
});

test("a tap on a candidate keeps its heat until it is let go", async () => {
  const row = all(".row-item .row")[0];
  await fire(row, "pointerdown", { pointerType: "touch" });
  await fire(row, "click");
  (await server.next(PATH)).answer(scores([1, 0, 0]));
  await rendered();
  await fire(row, "pointerleave", { pointerType: "touch" });
  assert.equal(all(".stack-rows .token[data-heat]").length, 3);
  await fire(all(".heat-line button")[0], "click");
  assert.equal(all(".stack-rows .token[data-heat]").length, 0);
});

test("contributions against the token are told apart by sign, edge and words", async () => {
  store.attributionMethod.value = "integrated_gradients";
  store.attributionOptions.value = { signed: true };
  await rendered();
  await hoverParis(scores([0.25, -0.5, 0.125], { options: { signed: true }, completeness_error: 0.001, completeness_error_share: 0.01, evidence: "gradient" }));
  assert.deepEqual(all(".stack-rows .token[data-heat]").map((token) => token.dataset["heat"]), ["for", "against", "for"]);
  assert.match(line() ?? "", /^Paris: Hello \+0.250, is \+0.125 speak for it; It −0.500 speaks against it · completeness error 1.0 %/);
  assert.match(card(), /speaks against it \(dashed\).*units of the token's probability/);
  assert.match(card(), /Completeness error: 1.0 %/);
  assert.deepEqual(texts(".note-warning"), []);
});

test("a completeness error above 5 % is warned about", async () => {
  store.attributionMethod.value = "integrated_gradients";
  await rendered();
  /** @type {[number | null, boolean][]} */
  const rows = [[0.0499, false], [0.0501, true], [-0.2, true], [null, false]];
  for (const [share, warned] of rows) {
    releaseHeat();
    store.session.value = { ...store.session.value, branches: store.session.value.branches.map((branch) => ({ ...branch, system: `${share}` })) };
    store.shown.value = { place: placeOf(store.session.value), dist: PARIS, chosen: null, failure: null };
    await rendered();
    await hoverParis(scores([0.25, 0.5, 0.25], { options: { steps: 50 }, completeness_error: 0.01, completeness_error_share: share }));
    assert.equal(texts(".note-warning").length, warned ? 1 : 0, String(share));
    if (warned) assert.match(texts(".note-warning")[0] ?? "", /More points than 50/);
  }
});

test("attention is not said to be a cause", async () => {
  store.attributionMethod.value = "attention";
  await rendered();
  assert.match(card(), /where the model looks, not what it uses/);
  await hoverParis(scores([1, 0, 0], { evidence: "correlational" }));
  assert.match(line() ?? "", /^Before Paris the model looks at Hello 100 %/);
});

test("attention says what the first token had, and that the others are shares of the rest", async () => {
  store.attributionMethod.value = "attention";
  await rendered();
  await hoverParis(scores([0.6, 0.3, 0.1], { method: "attention", evidence: "correlational" }));
  assert.match(line() ?? "", /^Before Paris the model looks at It 75 %, is 25 % of what is left without the first token \(60 % of all\)/);
  assert.match(card(), /The first token is left out: it has 60 % of all attention\. The shares are those of the rest/);
  assert.match(all(".stack-rows .token-prompt")[0]?.getAttribute("title") ?? "", /60 % of the attention, left out/);
  await fire(all("#knob-attribution-mask_sink")[0], "change", {});
  store.attributionOptions.value = { mask_sink: false };
  await rendered();
  assert.match(line() ?? "", /^Before Paris the model looks at Hello 60 %, It 30 %, is 10 %/);
  assert.doesNotMatch(card(), /left out:/);
});

test("an estimate is said to be one, with its points and its completeness error, and is hatched", async () => {
  store.attributionMethod.value = "integrated_gradients";
  await rendered();
  await fire(all(".row-item .row")[0], "pointerenter", { pointerType: "mouse" });
  const stream = (await server.next(PATH)).stream();
  await stream.line({ progress: 0.2, attributions: [0.2, 0.5, 0.3, 0], points: 8, completeness_error: 0.1, completeness_error_share: 0.12 });
  await new Promise((wake) => setTimeout(wake, 200));
  assert.match(line() ?? "", /^First estimate: Paris depends on It 50 %, is 30 %, Hello 20 % · 8 points · completeness error 12 %$/);
  assert.deepEqual(all(".stack-rows .token[data-so-far]").length, 3);
  assert.equal(all(".heat-line progress").length, 1);
  await stream.line(scores([0.25, 0.5, 0.25], { options: { steps: 50 }, completeness_error: 0.01, completeness_error_share: 0.01 }));
  await rendered();
  assert.match(line() ?? "", /^Paris depends on It 50 %, Hello 25 %, is 25 % · completeness error 1.0 %/);
  assert.deepEqual([all("[data-so-far]").length, all(".heat-line progress").length], [0, 0]);
});

test("an error is told in full in the card and in short at the tokens", async () => {
  await fire(all(".row-item .row")[0], "pointerenter", { pointerType: "mouse" });
  (await server.next(PATH)).answer({ detail: "The prompt has 9 tokens too many.", code: "context_too_long", hint: "Shorten it." }, 400);
  await rendered();
  assert.match(card(), /The prompt has 9 tokens too many\.\s*Shorten it\./);
  assert.equal(line(), "No attribution: The prompt has 9 tokens too many.");
});

test("the card has the options of the method, the rest folded", async () => {
  const labels = () => texts("#attribution-body .knob label").slice(1);
  assert.deepEqual(labels(), ["quantity"]);
  store.attributionMethod.value = "integrated_gradients";
  await rendered();
  assert.deepEqual([labels(), texts("#attribution-body details label")], [["quantity", "signed", "steps"], ["steps"]]);
  store.attributionOptions.value = { quantity: "logit_difference" };
  await rendered();
  assert.deepEqual(labels(), ["quantity", "contrast_id", "signed", "steps"]);
  assert.deepEqual(texts("#knob-attribution-contrast_id option"), ["the likeliest other candidate", "Paris", "␠The", "London"]);
  store.attributionMethod.value = "off";
  await rendered();
  assert.deepEqual([labels(), all(".heat-line").length], [[], 0]);
});

test("layers are typed as numbers and ranges, and what cannot be read is said", async () => {
  store.attributionMethod.value = "attention";
  await rendered();
  const field = () => /** @type {HTMLInputElement} */ (root.querySelector("#knob-attribution-layers"));
  assert.equal(field().getAttribute("placeholder"), "all: 0-3");
  field().value = "0-2, 3";
  await fire(field(), "input");
  assert.deepEqual(store.attributionOptions.value, { layers: [0, 1, 2, 3] });
  field().value = "0-2, x";
  await fire(field(), "input");
  assert.match(card(), /Write numbers from 0 and ranges/);
  assert.deepEqual(store.attributionOptions.value, { layers: [0, 1, 2, 3] });
});

test("K keeps the heat also from the list of methods, and never from a text", async () => {
  await hoverParis(scores([1, 0, 0]));
  await fire(all("#prompt-text")[0], "keydown", { key: "k" });
  assert.equal(store.heatKept.value, false);
  // This document calls a listener of the sidebar as if it were the list's own.
  const list = page.createElement("select");
  page.body.append(list);
  await fire(list, "keydown", { key: "k" });
  assert.equal(store.heatKept.value, true);
  assert.deepEqual(texts(".heat-line button"), ["Release"]);
  await fire(all(".stack")[0], "keydown", { key: "Escape" });
  assert.equal(all(".token[data-heat]").length, 0);
});

test("one generated token is a stop of the Tab key", () => {
  assert.deepEqual(all(".stack-rows button.token").map((button) => button.getAttribute("tabindex")), ["-1", null]);
});

/** Opens the table and answers with these lines. @param {unknown[]} lines */
async function openTable(lines) {
  await fire(all("#attribution-body .button").find((one) => one.textContent === "All generated tokens"), "click");
  const call = await server.next("/api/attribution/matrix");
  const stream = call.stream();
  for (const one of lines) await stream.line(one);
  await rendered();
  return { call, stream };
}

const header = { rows: 2, first_index: 0, prompt_len: 1, model_id: "tiny", method: "saliency", evidence: "gradient", options: {} };

test("all generated tokens are a triangle that grows row by row", async () => {
  const { call, stream } = await openTable([header, { target_index: 0, ...scores([1]) }]);
  assert.deepEqual([call.body.completion_ids, call.body.method, call.body.target_token_id], [[11, 12], "saliency", undefined]);
  assert.deepEqual(texts(".matrix tbody th"), ["It"]);
  assert.match(texts(".matrix-progress")[0] ?? "", /1 of 2 rows/);
  await stream.line({ target_index: 1, ...scores([0.25, 0.75]) });
  await stream.line({ done: true });
  await rendered();
  assert.deepEqual([texts(".matrix tbody th"), texts(".matrix thead th")], [["It", "is"], ["token", "most of all", "Hello", "It"]]);
  const rows = all(".matrix tbody tr").map((one) => [...one.querySelectorAll(".matrix-cell")].map((cell) => cell.getAttribute("data-score")));
  assert.deepEqual(rows, [["1"], ["0.25", "0.75"]]);
  assert.deepEqual(texts(".matrix-words"), ["Hello 100 %", "It 75 %, Hello 25 %"]);
  assert.equal(all(".matrix-progress").length, 0);
  await fire(all('.matrix [aria-label="Close"]')[0], "click");
  assert.equal(all(".matrix").length, 0);
});

test("each row of the table is compared with its own runner-up, and says with which", async () => {
  store.attributionOptions.value = { quantity: "logit_difference" };
  store.session.value = { ...store.session.value, nodes: Object.fromEntries(Object.values(store.session.value.nodes).map((node) => [node.id, { ...node, dist: PARIS }])) };
  await rendered();
  const options = { quantity: /** @type {const} */ ("logit_difference") };
  const { call } = await openTable([{ ...header, options },
    { target_index: 0, ...scores([1], { options: { ...options, contrast_id: 2 }, contrast: pill(2, "␠The") }) },
    { target_index: 1, ...scores([0.25, 0.75], { options: { ...options, contrast_id: 77 }, contrast: pill(77, "token") }) }]);
  assert.deepEqual(call.body.options, options);
  assert.deepEqual(texts(".matrix thead th").slice(0, 3), ["token", "rather than", "most of all"]);
  assert.deepEqual(texts(".matrix-contrast"), ["␠The", "token"]);
  await fire(all('.matrix [aria-label="Close"]')[0], "click");
  store.contrast.value = { id: 3, display: "London" };
  await rendered();
  const chosen = await openTable([{ ...header, options }, { target_index: 0, ...scores([1], { options: { ...options, contrast_id: 3 }, contrast: pill(3, "London") }) }]);
  assert.deepEqual([chosen.call.body.options, texts(".matrix-contrast")], [{ ...options, contrast_id: 3 }, ["London"]]);
  await fire(all('.matrix [aria-label="Close"]')[0], "click");
  store.contrast.value = null;
});

test("closing the table hangs up", async () => {
  const { call } = await openTable([header]);
  await fire(all('.matrix [aria-label="Close"]')[0], "click");
  assert.deepEqual([call.aborted, store.matrix.value], [true, null]);
});

test("a table that breaks off says so and keeps its rows", async () => {
  const { stream } = await openTable([header, { target_index: 0, ...scores([1]) }]);
  await stream.line({ detail: "The model was replaced by another one.", code: "model_replaced", hint: "Ask again." });
  await rendered();
  assert.match(texts(".matrix .note-error")[0] ?? "", /The model was replaced by another one\.\s*Ask again\./);
  assert.deepEqual([texts(".matrix tbody th"), all(".matrix-progress").length], [["It"], 0]);
  await fire(all('.matrix [aria-label="Close"]')[0], "click");
});

test("keys step nothing behind the table", async () => {
  await openTable([header]);
  await fire(all(".stack")[0], "keydown", { key: "ArrowLeft" });
  assert.equal(store.completion.value.length, 2);
  await fire(all('.matrix [aria-label="Close"]')[0], "click");
});
