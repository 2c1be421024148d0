// The constraint card, the rows that a grammar forbids and the debugger, without a browser.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { h } from "../html.js";
import { requestCheck } from "../state/constraint_check.js";
import { cancelPreview } from "../state/preview.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, createSession, placeOf } from "../state/session.js";
import * as store from "../state/store.js";
import { installPage, rendered } from "./page_double.js";
import { catalog, choice, dist, EXAMPLES, grammar, pill, row, status, unusable, usable } from "./samples.js";
import { serverDouble } from "./server_double.js";

const { root } = installPage();
const { render } = await import("preact");
const { App } = await import("../view/app.js");
render(h(App, {}), root);
/** @type {ReturnType<typeof serverDouble>} */
let server;
/** Each test asks about a text of its own. */
let visits = 0;

const MASKED = {
  ...dist([row(1, "yes"), row(2, "Certainly", { p_base: 0.8, p_final: 0, kept: false, valid: false, rank_final: null, cut_by: "constraint" })]),
  constraint_active: true, kept_token_count: 1, legal_mass: 0.0009,
  stages: [
    { id: "raw", label: "Raw", knobs: {}, kept: 100, removed_mass: 0, entropy_bits: 2 },
    { id: "constraint", label: "Constraint", knobs: {}, kept: 2, removed_mass: 0.99, entropy_bits: 1 },
    { id: "top_p", label: "Top-p", knobs: { top_p: 0.8 }, kept: 1, removed_mass: 0.2, entropy_bits: 0 },
  ],
};

beforeEach(async () => {
  cancelPreview();
  server = serverDouble();
  store.server.value = "ok";
  store.status.value = status();
  store.catalog.value = catalog();
  store.constraintCollapsed.value = false;
  store.constraintOn.value = true;
  store.constraintTexts.value = { kind: "regex", texts: { regex: `(yes|no){${(visits += 1)}}` }, carried: false };
  store.constraintAnchors.value = {};
  store.constraintCheck.value = null;
  store.comparison.value = null;
  store.grammarCollapsed.value = false;
  store.message.value = "";
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  show();
  await rendered();
});

/** @param {Partial<import("../types/wire").GrammarDebug>} [change] */
function show(change = {}) {
  const place = placeOf(store.session.value);
  store.input.value = { place, tokens: [pill(7, "Hello")], note: null };
  store.shown.value = { place, dist: MASKED, grammar: grammar(change), chosen: null, failure: null };
}

/** @param {import("../types/wire").CheckResponse} answer */
async function answerCheck(answer) {
  requestCheck();
  (await server.next("/api/constraint/check")).answer(answer);
  await rendered();
}

/** @param {string} selector */
const texts = (selector) => [...root.querySelectorAll(selector)].map((element) => words(element).join(" ").replace(/\s+/g, " "));

/** The texts of what is in an element, which the page sets apart by layout. @param {Node} node @returns {string[]} */
function words(node) {
  if (node.nodeType === 3) return node.textContent?.trim() ? [node.textContent.trim()] : [];
  return [...node.childNodes].flatMap(words);
}

/** @param {string} selector @returns {any} */
const find = (selector) => root.querySelector(selector);

/** @param {string} name */
function button(name) {
  return [...root.querySelectorAll("button")].find((one) => one.textContent?.trim().startsWith(name));
}

test("the card is the third of the sidebar, and says folded what is on", async () => {
  assert.deepEqual(texts(".card-title").slice(1, 4), ["Generation parameters", "Constrained sampling", "Step speed"]);
  store.constraintCollapsed.value = true;
  await rendered();
  const summary = () => find("#constraint-title").nextElementSibling?.textContent;
  assert.equal(summary(), "Regex · on");
  store.constraintOn.value = false;
  await rendered();
  assert.equal(summary(), "Off");
});

const LABELS = /** @type {const} */ ([["multiple_choice", "Choices"], ["regex", "Regular expression"], ["json_schema", "JSON schema"]]);
for (const [kind, label] of LABELS) test(`the editor of ${kind} is called ${label}`, async () => {
  store.constraintTexts.value = { kind, texts: {}, carried: false };
  await rendered();
  assert.deepEqual(texts("#constraint-body .text-block label"), [label]);
  assert.equal(find("#constraint-text").getAttribute("rows"), "8");
  assert.equal(find("#knob-constraint-whitespace") !== null, kind === "json_schema", "white space is a matter of JSON");
});

test("white space that is not seen is told in the hint, which belongs to the field", async () => {
  store.constraintTexts.value = { kind: "multiple_choice", texts: { multiple_choice: '["a", " b"]' }, carried: false };
  await rendered();
  assert.match(texts("#constraint-hint")[0] ?? "", /begins or ends with white space, which counts: ␠ b$/);
  store.constraintTexts.value = { kind: "regex", texts: { regex: " b" }, carried: false };
  await rendered();
  assert.match(texts("#constraint-hint")[0] ?? "", /begins with a space, which counts\.$/);
  assert.match(find("#constraint-text").getAttribute("aria-describedby"), /constraint-hint/);
});

test("what can be used is said so", async () => {
  await answerCheck(usable({ legal_tokens: 5, may_be_empty: true, warnings: ["format is not enforced"] }));
  assert.deepEqual(texts(".constraint-fine"), ["The grammar allows 5 tokens at its start. The text may also be empty."]);
  assert.deepEqual(texts(".constraint-state .note-warning"), ["format is not enforced"]);
});

test("an error is told with its place, and marked there", async () => {
  store.constraintTexts.value = { kind: "regex", texts: { regex: "ab\nc(d" }, carried: false };
  await rendered();
  await answerCheck(unusable({ line: 2, column: 2 }));
  assert.match(texts(".constraint-state")[0] ?? "", /\( Go to line 2, column 2 unclosed group .* Close the group\./);
  assert.deepEqual(texts(".editor-mark"), ["("]);
  assert.equal(find(".editor-mirror").textContent, "ab\nc(d\n");
  assert.equal(find("#constraint-text").getAttribute("aria-invalid"), "true");
  store.constraintTexts.value = { kind: "regex", texts: { regex: "ab\nc(d)" }, carried: false };
  await rendered();
  assert.equal(find(".editor-mark"), null, "a mark is about the text that was checked");
});

test("an example sets kind and text, and explains itself", async () => {
  const select = find("#constraint-example");
  assert.equal(find("#constraint-example-about").textContent, "It takes the place of the text above.");
  assert.deepEqual([...select.querySelectorAll("optgroup")].map((one) => one.getAttribute("label")), ["Regex", "JSON schema"]);
  [...select.querySelectorAll("option")].forEach((option) => (option.selected = option.value === "1"));
  Object.defineProperty(select, "value", { value: "1", configurable: true });
  select.dispatchEvent(new Event("change", { bubbles: true }));
  await rendered();
  assert.equal(find("#constraint-kind").querySelector("option[selected]")?.value ?? store.constraintTexts.value.kind, "json_schema");
  assert.equal(find("#constraint-text").value, EXAMPLES[1]?.schema);
  assert.equal(find("#constraint-example-about").textContent, "An object.");
});

test("a text that an example took the place of can be brought back", async () => {
  store.constraintTexts.value = { kind: "regex", texts: { regex: "[0-9]{4}" }, carried: false, replaced: { regex: "mine" } };
  await rendered();
  button("Bring your text back")?.click();
  await rendered();
  assert.equal(find("#constraint-text").value, "mine");
  assert.equal(button("Bring your text back"), undefined);
});

test("the anchor is told in a line", async () => {
  const tokens = [1, 2, 3].map((id) => ({ token: pill(id, "t"), model: "tiny", origin: /** @type {const} */ ("sampled"), params: DEFAULT_PARAMS, constraint: null, dist: null, seed_used: null, stop_reason: null }));
  store.session.value = appendTokens(store.session.value, tokens.slice(0, 2));
  await rendered();
  button("from here")?.click();
  store.session.value = appendTokens(store.session.value, tokens.slice(2));
  await rendered();
  assert.match(root.textContent ?? "", /after token 2.*does not look at the first 2 tokens of the completion\. Press again/);
});

test("a forbidden row is struck, says why, and cannot be pressed", () => {
  const [legal, forbidden] = [...root.querySelectorAll(".row-item .row")];
  assert.equal(legal?.tagName, "BUTTON");
  assert.deepEqual([forbidden?.tagName, forbidden?.getAttribute("title"), forbidden?.getAttribute("data-valid")], ["DIV", "The grammar forbids this token", "false"]);
  assert.deepEqual(texts(".row-struck"), ["Certainly"]);
  assert.deepEqual(texts(".cut-rule"), ["the grammar forbids · in order of raw rank"]);
});

test("the legend counts what the grammar allows", () => assert.deepEqual(texts(".legend-kept"), ["the grammar allows 2 tokens, top-p keeps 1"]));

test("text cannot be forced, and a press says why", async () => {
  const form = find(".force");
  assert.deepEqual([...form.querySelectorAll("input, button")].map((one) => one.disabled), [true, true]);
  assert.equal(form.querySelector("input").getAttribute("placeholder"), "Not while a constraint is on");
  form.dispatchEvent(new Event("click", { bubbles: true }));
  await rendered();
  assert.match(store.message.value, /cannot be forced while a constraint is on/);
  store.constraintOn.value = false;
  await rendered();
  assert.equal(form.querySelector("input").disabled, false);
  assert.equal(form.title, "");
});

const FACTS = /** @type {[Partial<import("../types/wire").GrammarDebug>, RegExp][]} */ ([
  [{}, /0\.090 % of what the model wants is legal legal 2 tokens may end here no cost so far none yet/],
  [{ may_end: true }, /may end here yes/],
  [{ ended: true, may_end: true }, /legal only the end the text has ended/],
  [{ path: "$.items[0].name" }, /place \$\.items\[0\]\.name/],
  [{ log_cost: Math.log(1 / 8) }, /cost so far 3\.00 bits \(1 in 8\)/],
  [{ log_cost: null }, /cost so far beyond measure/],
  [{ stall: { kind: "whitespace", tokens: 8, text: "  " } }, /The last 8 tokens are only white space\./],
  [{ stall: { kind: "repetition", tokens: 6, text: "ab " } }, /The last 6 tokens repeat “ ab ␠ ”\./],
  [{ warnings: ["format is not enforced"] }, /format is not enforced/],
  [{ forced: { text: "a b", tokens: [] } }, /must come next a ␠ b split into tokens in a way still open/],
]);
for (const [change, expected] of FACTS) test(`the debugger says ${expected.source.slice(0, 40)}`, async () => {
  show(change);
  await rendered();
  assert.match(texts(".grammar-body")[0] ?? "", expected);
});

test("a wanted token shows what was legal of it and what was not", async () => {
  const wanted = { ...pill(5, "yesno"), p_base: 0.4, rank_base: 1, legal_bytes: 3, legal_display: "yes", illegal_display: "no" };
  show({ wanted: [wanted] });
  await rendered();
  assert.deepEqual([texts(".wanted-legal"), texts("s.wanted-illegal")], [["yes"], ["no"]]);
  assert.match(texts(".wanted-item")[0] ?? "", /0\.400 # 1$/);
  assert.match(find(".wanted-item").getAttribute("title"), /the likeliest token, leaves the grammar after 3 bytes/);
});

test("a forced run is taken by its tokens", async () => {
  show({ forced: { text: "sure", tokens: [pill(3, "su"), pill(4, "re")] } });
  await rendered();
  button("Take it · 2 tokens")?.click();
  await answerCheck(usable());
  assert.deepEqual((await server.next("/api/step")).body.force_token_ids, [3, 4]);
});

test("the history is a line with words", async () => {
  assert.equal(find(".mass-line"), null, "one point is no line");
  show({ history: [0.5, 0.001, null, 0.2] });
  await rendered();
  assert.equal(find(".mass-line svg").getAttribute("aria-label"), "Legal mass over 4 positions: 50.0 % at first, lowest 0.10 % at token 2, 20.0 % now.");
  assert.equal(root.querySelectorAll(".mass-path").length, 1);
});

test("folded, the debugger is one line, and off it is gone", async () => {
  button("Grammar")?.click();
  await rendered();
  assert.equal(store.grammarCollapsed.value, true);
  assert.deepEqual(texts(".grammar-toggle"), ["Grammar 0.090 % legal · 2 tokens · may not end here"]);
  store.constraintOn.value = false;
  await rendered();
  assert.equal(find(".grammar"), null);
});

test("choices are told by both factors, with a sentence about the one that turns it", async () => {
  store.constraintTexts.value = { kind: "multiple_choice", texts: {}, carried: false };
  store.comparison.value = { key: "old", failure: null, choices: [choice("yes", [0.03], 0.5, 0.75), choice("no", [0.07], 0.0714, 0.25)] };
  await rendered();
  assert.deepEqual(texts(".choice-table thead th"), ["first token", "ends there", "whole"]);
  assert.deepEqual(texts(".choice-table tbody"), ["yes yes 30.0 % 0.030 × 0.500 75.0 % = 0.015", "no no 70.0 % 0.070 × 0.071 25.0 % = 0.005"]);
  assert.deepEqual([...root.querySelectorAll(".choice-table .bar-final")].map((bar) => /** @type {HTMLElement} */ (bar).style.width), ["30.000%", "75.000%", "70.000%", "25.000%"]);
  assert.deepEqual(texts(".choice-verdict"), ["The model begins with “no” more often (70.0 % against 30.0 %), but then stops there less often: 7.1 % of the time, after “yes” 50.0 %. As a whole, “yes” is likelier."]);
  assert.equal(find(".choices").getAttribute("data-stale"), "true");
  assert.match(texts(".choices")[0] ?? "", /have changed since/);
});

test("options of several tokens have a factor for the rest of them", async () => {
  store.constraintTexts.value = { kind: "multiple_choice", texts: {}, carried: false };
  store.comparison.value = { key: "old", failure: null, choices: [choice("maybe", [0.6, 0.01], 0.5, 0.02), choice("no", [0.3], 0.5, 0.98)] };
  await rendered();
  assert.deepEqual(texts(".choice-table tbody"), ["maybe maybe +1 66.7 % 0.600 × 0.010 × 0.500 2.0 % = 0.003", "no no 33.3 % 0.300 × 0.500 98.0 % = 0.150"]);
  assert.match(texts(".choice-verdict")[0] ?? "", /but then goes on with the rest of it less often: 1\.0 % of the time, and “no” is a single token\./);
});

test("a constraint that cannot be used says so in place of the distribution and in the header", async () => {
  await answerCheck(unusable());
  const place = placeOf(store.session.value);
  store.shown.value = { place, dist: null, chosen: null, failure: { detail: "unclosed group", hint: "Close it.", code: "constraint_unusable" } };
  await rendered();
  assert.match(texts(".empty")[0] ?? "", /The constraint cannot be used unclosed group Close it\. Correct it at line 2, column 3/);
  assert.deepEqual(texts(".header .pill"), ["Constraint error"]);
  button("Switch it off")?.click();
  await rendered();
  assert.deepEqual([store.constraintOn.value, texts(".header .pill")], [false, ["Server OK"]]);
});

test("a completion that left the grammar can be rewound or left out", async () => {
  store.session.value = appendTokens(store.session.value, [1, 2].map((id) => ({ token: pill(id, `t${id}`), model: "tiny", origin: /** @type {const} */ ("sampled"), params: DEFAULT_PARAMS, constraint: null, dist: null, seed_used: null, stop_reason: null })));
  const place = placeOf(store.session.value);
  const failure = { detail: 'token 2 of the completion, "t2", is none that the grammar allows there.', hint: "Rewind.", code: "constraint_violated", tokenIndex: 1 };
  store.shown.value = { place, dist: null, chosen: null, failure };
  await rendered();
  assert.match(texts(".empty")[0] ?? "", /The completion leaves the grammar/);
  assert.ok(button("Count from here"));
  button("Rewind to before “t2”")?.click();
  await rendered();
  assert.deepEqual(store.completion.value.map(({ token }) => token.id), [1]);
});
