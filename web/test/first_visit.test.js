import assert from "node:assert/strict";
import { test } from "node:test";
import { isFirstVisit, noteKept } from "../storage/first_visit.js";

/** @param {Record<string, string>} values */
function storageOf(values) {
  const hidden = { enumerable: false };
  return /** @type {Storage} */ (Object.defineProperties({ ...values }, {
    getItem: { ...hidden, value(/** @type {string} */ key) { return this[key] ?? null; } },
    setItem: { ...hidden, value(/** @type {string} */ key, /** @type {string} */ value) { this[key] = value; } },
  }));
}

test("whoever left settings, a session or a tab has been here", () => {
  for (const [local, tab, expected] of /** @type {[Record<string, string>, Record<string, string>, boolean][]} */ ([
    [{}, {}, true],
    [{ other: "1", "tokenscopes.like": "1" }, {}, true],
    [{ "llmDemo.topK": "9" }, {}, false],
    [{ "tokenscope.late.a": "{}" }, {}, false],
    [{}, { "tokenscope.session": "a" }, false],
  ])) {
    assert.equal(isFirstVisit({ localStorage: storageOf(local), sessionStorage: storageOf(tab) }), expected, JSON.stringify([local, tab]));
  }
});

test("a session that has been kept is no first visit any more", () => {
  const browser = { localStorage: storageOf({}), sessionStorage: storageOf({}) };
  noteKept(browser);
  assert.equal(isFirstVisit(browser), false);
});

test("forbidden storage is no error and tells nothing", () => {
  const browser = {
    get localStorage() { return /** @type {Storage} */ (forbid()); },
    get sessionStorage() { return /** @type {Storage} */ (forbid()); },
  };
  assert.equal(isFirstVisit(browser), false);
  noteKept(browser);
});

/** @returns {never} */
function forbid() {
  throw new DOMException("No storage here.", "SecurityError");
}
