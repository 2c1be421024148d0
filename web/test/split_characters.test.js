// Tokens that are only part of a character.

import assert from "node:assert/strict";
import { test } from "node:test";
import { joinSplit, partText } from "../lib/split_characters.js";

/** @param {string} display as the server writes it */
function token(display) {
  return { text: display.replaceAll(/⟨[0-9A-F ]+⟩/g, "\uFFFD").replaceAll("␠", " "), display };
}

test("tokens that share a character show it whole at the first of them", () => {
  /** @type {[string[], [number, string, string][]][]} */
  const rows = [
    [["Paris"], []],
    [["⟨F0 9F⟩", "⟨8E 89⟩"], [[0, "🎉", "1 of 2"], [1, "", "2 of 2"]]],
    [["a", "␠⟨F0 9F⟩", "⟨8E⟩", "⟨89⟩", "b"], [[1, " 🎉", "1 of 3"], [2, "", "2 of 3"], [3, "", "3 of 3"]]],
    [["⟨E2⟩", "⟨82 AC⟩", "⟨C3⟩", "⟨A9⟩"], [[0, "€", "1 of 2"], [1, "", "2 of 2"], [2, "é", "1 of 2"], [3, "", "2 of 2"]]],
    [["⟨C3⟩", "⟨A9⟩␠ok"], [[0, "é ok", "1 of 2"], [1, "", "2 of 2"]]],
    // What never becomes a character stays as it is.
    [["⟨F0 9F⟩", "a"], []],
    [["⟨89⟩", "⟨89⟩"], []],
    [["⟨F0 9F⟩"], []],
  ];
  for (const [displays, expected] of rows) {
    const joined = [...joinSplit(displays.map(token))].map(([index, one]) => [index, one.text, `${one.part + 1} of ${one.of}`]);
    assert.deepEqual(joined, expected, displays.join("|"));
  }
});

test("a text that looks like bytes is text", () => {
  assert.equal(joinSplit([{ text: "⟨F0 9F⟩", display: "⟨F0 9F⟩" }, { text: "⟨8E 89⟩", display: "⟨8E 89⟩" }]).size, 0);
});

test("pieces say which characters they make together", () => {
  /** @type {[string[], string[]][]} */
  const rows = [
    [["⟨F0 9F⟩", "⟨8E⟩", "⟨89⟩"], ["part 1 of 3 of 🎉", "part 2 of 3 of 🎉", "part 3 of 3 of 🎉"]],
    [["␠⟨C3⟩", "⟨A9⟩␠ok"], ["part 1 of 2 of é", "part 2 of 2 of é"]],
    [["⟨F0 9F⟩", "⟨8E 89 F0 9F⟩", "⟨8E 8A⟩"], ["part 1 of 3 of 🎉🎊", "part 2 of 3 of 🎉🎊", "part 3 of 3 of 🎉🎊"]],
  ];
  for (const [displays, said] of rows) assert.deepEqual([...joinSplit(displays.map(token)).values()].map(partText), said, displays.join("|"));
});
