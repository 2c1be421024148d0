// What is said about white space that nobody sees.

import assert from "node:assert/strict";
import { test } from "node:test";
import { outerSpace } from "../lib/outer_space.js";

const PATTERNS = /** @type {const} */ ([
  ["yes", ""],
  ["a b", ""],
  ["", ""],
  [" \n", ""],
  [" yes", "The pattern begins with a space, which counts."],
  ["(yes|no)\n", "The pattern ends with a line break, which counts."],
  ["  yes\t", "The pattern begins with 2 spaces and ends with a tab, which count."],
  [" \tyes", "The pattern begins with white space, which counts."],
  ["\u00a0yes", "The pattern begins with white space, which counts."],
  // In verbose mode only what stands before the flag counts.
  ["(?x) a b\n", ""],
  ["(?ix-s) a ", ""],
  [" (?x) a ", "The pattern begins with a space, which counts."],
  ["(?x: a ) ", "The pattern ends with a space, which counts."],
]);
for (const [value, words] of PATTERNS) test(`white space of the pattern ${JSON.stringify(value)}`, () => {
  assert.deepEqual(outerSpace("regex", value), { words, items: [] });
});

const CHOICES = /** @type {const} */ ([
  ["yes\nno", "", []],
  [" yes\nno", "White space around a choice does not count; in a JSON list it does.", []],
  ["[a, b] ", "White space around a choice does not count; in a JSON list it does.", []],
  [' ["yes", 3, "no"]\n', "", []],
  ['["yes", " no"]', "This choice begins or ends with white space, which counts:", ["␠no"]],
  ['["a\\n", "\\t\\tb", " ", "\\u00a0d"]', "4 choices begin or end with white space, which counts:", ["a⏎", "⇥⇥b", "␠", "…"]],
  ['["\\u00a0d"]', "This choice begins or ends with white space, which counts:", ["⟨U+00A0⟩d"]],
]);
for (const [value, words, items] of CHOICES) test(`white space of the choices ${JSON.stringify(value)}`, () => {
  assert.deepEqual(outerSpace("multiple_choice", value), { words, items });
});

test("white space at the ends of grammars and schemas says nothing", () => {
  for (const kind of ["cfg", "json_schema"]) assert.deepEqual(outerSpace(kind, " a "), { words: "", items: [] });
});
