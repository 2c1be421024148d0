// Which tab the arrow keys go to, and what is read back from the storage.

import assert from "node:assert/strict";
import { test } from "node:test";
import { neighbour, readView } from "../state/view_switch.js";

/** @import { View } from "../state/view_switch.js" */

test("arrows go around the tabs, Home and End to the outer ones", () => {
  /** @type {[View, string, View | null][]} */
  const rows = [
    ["flow", "ArrowRight", "text"],
    ["branches", "ArrowRight", "flow"],
    ["flow", "ArrowLeft", "branches"],
    ["text", "ArrowLeft", "flow"],
    ["text", "Home", "flow"],
    ["text", "End", "branches"],
    ["text", "ArrowDown", null],
    ["text", "a", null],
  ];
  for (const [from, key, to] of rows) assert.equal(neighbour(from, key), to, `${from} ${key}`);
});

test("a view that is stored is read, anything else is the first", () => {
  for (const [name, view] of [["text", "text"], ["branches", "branches"], ["funnel", "flow"], ["", "flow"], [null, "flow"]])
    assert.equal(readView(/** @type {string | null} */ (name)), view);
});
