// The table of keys: what each does, where it keeps its own meaning, and that the help shows it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { h } from "../html.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { createSession, placeOf } from "../state/session.js";
import { helpOpen } from "../state/learning.js";
import * as store from "../state/store.js";
import { installPage, rendered } from "./page_double.js";
import { catalog, PARIS, status } from "./samples.js";
import { serverDouble } from "./server_double.js";

const server = serverDouble();
const { root, document: page } = installPage();
const { render } = await import("preact");
const { App } = await import("../view/app.js");
const { listenToKeys, SHORTCUTS } = await import("../view/keyboard.js");
listenToKeys(page);
store.server.value = "ok";
store.status.value = status();
store.catalog.value = catalog({ stages: [{ id: "top_p", label: "Top-p", knobs: ["top_p"], explanation: "Keeps the nucleus." }] });
store.session.value = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
store.input.value = { place: placeOf(store.session.value), tokens: [], note: null };
store.shown.value = { place: placeOf(store.session.value), dist: PARIS, chosen: null, failure: null };
render(h(App, {}), root);
await rendered();

/**
 * @param {string} key
 * @param {string} [on]
 * @param {object} [held]
 */
function press(key, on = ".stage", held = {}) {
  const event = Object.assign(new Event("keydown", { bubbles: true, cancelable: true }), { key, ...held });
  root.querySelector(on)?.dispatchEvent(event);
  return event.defaultPrevented;
}

test("no key is in the table twice", () => {
  const keys = SHORTCUTS.flatMap((one) => one.keys.map((key) => `${one.command ? "Ctrl " : ""}${key}`));
  assert.deepEqual(keys, [...new Set(keys)]);
});

test("keys that mean something where the focus is keep that meaning", () => {
  /** @type {[string, string, object][]} */
  const rows = [
    ["ArrowRight", "#prompt-text", {}],
    [" ", ".controls button", {}],
    ["1", "#top-k", {}],
    ["?", "#prompt-text", { shiftKey: true }],
    ["ArrowRight", ".stage", { shiftKey: true }],
    ["ArrowRight", ".stage", { ctrlKey: true }],
    ["1", ".stage", { altKey: true }],
    ["9", ".stage", {}],
    ["x", ".stage", {}],
  ];
  for (const [key, on, held] of rows) assert.equal(press(key, on, held), false, `${key} on ${on}`);
  assert.deepEqual(server.pending(), []);
});

test("a digit forces the candidate in that place", async () => {
  assert.equal(press("2"), true);
  const call = await server.next("/api/step");
  assert.equal(call.body.force_token_id, 2);
  call.answer({ detail: "no" }, 400);
  await rendered();
});

test("the help has every key, every stage and the words, and closes", async () => {
  assert.equal(press("?", ".stage", { shiftKey: true }), true);
  await rendered();
  const labels = [...root.querySelectorAll(".help-keys kbd")].map((one) => one.textContent);
  for (const { label } of SHORTCUTS) assert.ok(labels.some((text) => text?.endsWith(label)), label);
  assert.match(root.querySelector(".help-dialog")?.textContent ?? "", /Keeps the nucleus\./);
  assert.match(root.querySelector(".help-dialog")?.textContent ?? "", /Entropy/);
  assert.equal(press("1"), false, "a key behind the help");
  /** @type {HTMLElement} */ (root.querySelector('.help-dialog [aria-label="Close"]')).click();
  await rendered();
  assert.deepEqual([helpOpen.value, root.querySelector(".help-dialog")], [false, null]);
});
