// What the views say, in a document without a browser.

import assert from "node:assert/strict";
import { test } from "node:test";
import { h } from "../html.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, createSession, placeOf } from "../state/session.js";
import * as store from "../state/store.js";
import { installPage, rendered } from "./page_double.js";
import { PARIS, pill, row, status } from "./samples.js";

const { root, document: page } = installPage();
const { options, render } = await import("preact");
const { App } = await import("../view/app.js");
const { listenToKeys } = await import("../view/keyboard.js");
const { listenToPointer } = await import("../view/pointer.js");
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
  const place = placeOf(store.session.value);
  store.input.value = { place, tokens: [pill(7, "Hello"), pill(8, "<s>", { special: true })], note: null };
  store.shown.value = { place, dist: PARIS, chosen: null, failure: null };
}

test("before the server answers the page stands and waits", () => {
  assert.ok(button("Step") && button("Play") && button("Delete last token") && button("Clear"));
  assert.match(root.textContent ?? "", /No distribution yet/);
  assert.deepEqual(texts(".model .pill"), ["LOADING"]);
});

test("rows show rank, change of rank, both probabilities and who cut them", async () => {
  showParis();
  await rendered();
  assert.deepEqual(texts(".row-item .row-rank"), ["1", "2▴1", "14"]);
  assert.deepEqual(texts(".row-item .row-token"), ["Paris", "␠The", "London"]);
  assert.deepEqual(texts(".row-item .row-final"), ["0.600", "0.400", "0"]);
  assert.deepEqual(texts(".row-item .row-base"), ["0.582", "0.382", "1.2e-5"]);
  assert.deepEqual(texts(".cut-rule"), ["cut by top-p · in order of raw rank"]);
  assert.deepEqual([...root.querySelectorAll(".track")].map((track) => track.textContent?.trim()), ["", "", "", ""]);
  assert.match(texts(".legend-kept")[0] ?? "", /top-p keeps 2 tokens · 0.93 bits/);
  assert.equal(root.querySelector(".row-item [role=img]")?.getAttribute("aria-label"), "rank 1 Paris, final 0.600, raw 0.582. Force this token.");
  assert.equal([...root.querySelectorAll(".row-item [role=img]")].at(-1)?.getAttribute("aria-label"), "raw rank 14 London, final 0, raw 1.2e-5, cut by top-p. Force this token.");
});

test("of many rows the first come at once and the others some frames later", async () => {
  const named = (/** @type {string} */ name) => ({ ...PARIS, tokens: Array.from({ length: 50 }, (_, id) => row(id, `${name}${id}`)) });
  const place = placeOf(store.session.value);
  const names = () => texts(".row-item .row-token");
  // Frames come when the test says so: what a busy machine makes of time does not matter.
  const frames = /** @type {(() => void)[]} */ ([]);
  Object.assign(options, { requestAnimationFrame: (/** @type {() => void} */ draw) => frames.push(draw) });
  // Preact draws as soon as the script has ended, before any frame.
  const drawn = async () => {
    for (let turn = 0; turn < 10; turn += 1) await null;
  };
  const frame = async () => {
    for (const draw of frames.splice(0)) draw();
    await drawn();
  };
  const allFrames = async () => {
    while (frames.length > 0) await frame();
  };
  const show = async (/** @type {string} */ name) => {
    store.shown.value = { place, dist: named(name), chosen: null, failure: null };
    await drawn();
  };
  await show("a");
  assert.equal(names().length, 16);
  await allFrames();
  assert.deepEqual(names(), named("a").tokens.map(({ display }) => display));
  await show("b");
  const edges = () => [0, 15, 16, 32, 33, 49].map((index) => names()[index]);
  assert.deepEqual(edges(), ["b0", "b15", "a16", "a32", "a33", "a49"]);
  await frame();
  assert.deepEqual(edges(), ["b0", "b15", "b16", "b32", "a33", "a49"]);
  await allFrames();
  assert.deepEqual(names(), named("b").tokens.map(({ display }) => display));
  showParis();
  await drawn();
  await allFrames();
  assert.deepEqual(names(), ["Paris", "␠The", "London"]);
  Object.assign(options, { requestAnimationFrame: undefined });
});

test("bars are drawn on one scale", () => {
  const widths = [...root.querySelectorAll(".row-item .bar-final")].map((bar) => /** @type {HTMLElement} */ (bar).style.width);
  assert.deepEqual(widths, ["80.000%", "53.333%", "0.000%"]);
});

test("without a template there is one field, with it two", async () => {
  store.status.value = status({ has_chat_template: false });
  await rendered();
  assert.deepEqual(texts(".text-block label"), ["Text"]);
  store.status.value = status();
  await rendered();
  assert.deepEqual(texts(".text-block label"), ["System message", "User message"]);
});

test("what was done to the texts is told beside them", async () => {
  showParis();
  await rendered();
  assert.deepEqual(texts(".input .note"), []);
  if (store.input.value) store.input.value = { ...store.input.value, note: "The text stands elsewhere." };
  await rendered();
  assert.deepEqual(texts(".input .note"), ["The text stands elsewhere."]);
});

test("tokens are of their kind, and the last one can be removed", async () => {
  store.session.value = appendTokens(createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS }), [
    { token: pill(1, "Paris"), model: "tiny", origin: "sampled", params: DEFAULT_PARAMS, constraint: null, dist: PARIS, seed_used: 5, stop_reason: null },
  ]);
  showParis();
  await rendered();
  assert.deepEqual(texts(".stack-rows .token-prompt"), ["Hello"]);
  assert.deepEqual(texts(".stack-rows .token-special"), ["<s>"]);
  assert.deepEqual(texts(".stack-rows .token-completion .token-text"), ["Paris"]);
  assert.match(root.querySelector(".input .input-head")?.textContent ?? "", /3 tokens/);
  const last = /** @type {HTMLElement} */ (root.querySelector(".stack-rows .token-last"));
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

test("the same error is not told twice", async () => {
  store.failure.value = { detail: "The context is empty.", hint: "" };
  await rendered();
  assert.equal(root.querySelector(".banner"), null);
});

test("an error is shown in full and can be dismissed", async () => {
  store.failure.value = { detail: "x".repeat(500), hint: "Do this." };
  await rendered();
  assert.match(root.querySelector(".banner")?.textContent ?? "", /x{500}\s*Do this\./);
  button("Dismiss")?.click();
  await rendered();
  assert.equal(root.querySelector(".banner"), null);
});

test("greedy says what it will pick", async () => {
  showParis();
  store.session.value = createSession({ prompt: "Hi", system: "", params: { ...DEFAULT_PARAMS, greedy: true, preset: "greedy" } });
  await rendered();
  assert.deepEqual(texts(".row-item .row-note"), ["will be picked"]);
  assert.deepEqual(texts(".legend-kept"), ["greedy: always the top token"]);
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
});

test("a run of one mark is drawn short and read in full", async () => {
  showParis();
  const dist = { ...PARIS, tokens: [row(4, "⏎␠␠␠␠␠␠␠"), row(5, "␠␠")] };
  store.shown.value = store.shown.value && { ...store.shown.value, dist };
  await rendered();
  assert.deepEqual(texts(".row-item .row-token"), ["⏎␠␠␠␠␠␠␠", "␠␠"]);
  assert.deepEqual([...root.querySelectorAll(".row-item .space-mark")].map((mark) => mark.getAttribute("data-mark")), ["␣×7", "␣␣"]);
});

test("the focus stays at its position when other tokens come", async () => {
  const before = root.querySelector(".row-item button");
  store.shown.value = store.shown.value && { ...store.shown.value, dist: PARIS };
  await rendered();
  assert.equal(root.querySelector(".row-item button"), before);
});

test("with the LLM off the reason and the way back are there", async () => {
  store.llmEnabled.value = false;
  await rendered();
  assert.match(root.querySelector(".empty")?.textContent ?? "", /The LLM is off/);
  assert.equal(button("Switch on")?.closest("[inert]"), null);
  assert.deepEqual(["Step", "Play"].map((name) => button(name)?.getAttribute("aria-disabled")), ["true", "true"]);
  assert.match(button("Step")?.getAttribute("title") ?? "", /LLM is off/);
  store.llmEnabled.value = true;
});

test("an empty message line is empty, and Delete keeps the focus", async () => {
  store.message.value = "";
  store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
  await rendered();
  assert.equal(root.querySelector(".message")?.textContent, "");
  const last = /** @type {HTMLButtonElement} */ (button("Delete last token"));
  assert.deepEqual([last.disabled, last.getAttribute("aria-disabled")], [false, "true"]);
  assert.deepEqual(["Clear", "Remove completion", "Delete input"].map((name) => button(name)?.getAttribute("aria-disabled")), ["false", "true", "true"]);
});

test("shortcuts are off behind the drawer, and a pointer leaves no focus behind", async () => {
  listenToKeys(page);
  listenToPointer(page);
  store.message.value = "";
  store.llmEnabled.value = false;
  const press = () => page.dispatchEvent(Object.assign(new Event("keydown", { bubbles: true, cancelable: true }), { key: "ArrowRight" }));
  store.drawerOpen.value = true;
  press();
  assert.equal(store.message.value, "");
  store.drawerOpen.value = false;
  press();
  assert.match(store.message.value, /LLM is off/);
  let blurred = 0;
  const step = /** @type {HTMLElement} */ (button("Step"));
  step.blur = () => void (blurred += 1);
  for (const detail of [0, 1]) step.dispatchEvent(Object.assign(new Event("click", { bubbles: true }), { detail }));
  assert.equal(blurred, 1);
  store.llmEnabled.value = true;
});
