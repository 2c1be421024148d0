// The list under the model field: what is in it, and what its keys do.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CLOSED, pressKey } from "../lib/combobox.js";
import { matchSuggestions } from "../lib/suggestions.js";
import { MODELS } from "./samples.js";

test("every typed word must be in the id or the label", () => {
  const [small, qwen, gpt] = MODELS;
  for (const [typed, expected] of /** @type {[string, unknown[]][]} */ ([
    ["", [small, qwen, gpt]],
    ["  ", [small, qwen, gpt]],
    ["qwen", [qwen]],
    ["GPT", [gpt]],
    ["built small", [small]],
    ["qwen built", []],
    ["0.6", [qwen]],
    ["/models/my.gguf", []],
  ])) assert.deepEqual(matchSuggestions(MODELS, typed), expected, typed);
});

test("what is on this machine comes first", () => {
  assert.deepEqual(matchSuggestions([...MODELS].reverse(), "").map((model) => model.id), ["builtin:small", "openai/gpt2", "Qwen/Qwen3-0.6B"]);
});

test("keys open, move, pick and close; all others keep their meaning", () => {
  const at = (/** @type {number} */ active) => ({ open: true, active });
  for (const [list, key, count, expected] of /** @type {[typeof CLOSED, string, number, unknown][]} */ ([
    [CLOSED, "ArrowDown", 3, { open: true, active: 0, pick: false }],
    [CLOSED, "ArrowUp", 3, { open: true, active: 2, pick: false }],
    [at(-1), "ArrowDown", 3, { open: true, active: 0, pick: false }],
    [at(1), "ArrowDown", 3, { open: true, active: 2, pick: false }],
    [at(2), "ArrowDown", 3, { open: true, active: -1, pick: false }],
    [at(0), "ArrowUp", 3, { open: true, active: -1, pick: false }],
    [at(-1), "ArrowUp", 3, { open: true, active: 2, pick: false }],
    [at(1), "Enter", 3, { open: false, active: 1, pick: true }],
    [at(-1), "Enter", 3, null],
    [CLOSED, "Enter", 3, null],
    [at(1), "Escape", 3, { open: false, active: -1, pick: false }],
    [CLOSED, "Escape", 3, null],
    [CLOSED, "ArrowDown", 0, null],
    [at(1), "ArrowLeft", 3, null],
    [at(1), "a", 3, null],
    [at(1), "Tab", 3, null],
  ])) assert.deepEqual(pressKey(list, key, count), expected, `${key} at ${list.active}`);
});
