// Places by line and column, as parts of a text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { spanOf } from "../lib/text_place.js";

test("a range by its places is the part of the text", () => {
  const text = '{\n  "é🎉": {\n    "a": 1\n  }\n}';
  for (const [line, column, end_line, end_column, part] of /** @type {const} */ ([
    [2, 3, 4, 4, '"é🎉": {\n    "a": 1\n  }'],
    [3, 5, 3, 11, '"a": 1'],
    [1, 1, 5, 2, text],
    [2, 7, 2, 9, ": "],
    // A text that has become shorter meanwhile.
    [5, 1, 9, 9, "}"],
  ])) {
    const { start, end } = spanOf(text, { line, column, end_line, end_column });
    assert.equal(text.slice(start, end), part);
  }
});
