import assert from "node:assert/strict";
import { test } from "node:test";
import { formatStopSequences, parseStopSequences } from "../lib/stop_sequences.js";

const ROWS = /** @type {[string, string[]][]} */ ([
  ["", []],
  [" | |", []],
  ["###", ["###"]],
  ["a | b", ["a", "b"]],
  ["\\n\\n | ###", ["\n\n", "###"]],
  ["\\t x", ["\t x"]],
  ["a\\|b", ["a|b"]],
  ["\\\\n", ["\\n"]],
  ["\\d+", ["\\d+"]],
  ["end\\", ["end\\"]],
]);

test("stop sequences are separated by bars and unescaped", () => {
  for (const [text, sequences] of ROWS) assert.deepEqual(parseStopSequences(text), sequences, text);
});

test("what is shown parses back to the same sequences", () => {
  for (const [, sequences] of ROWS) assert.deepEqual(parseStopSequences(formatStopSequences(sequences)), sequences);
});
