// Shades of the running text.

import assert from "node:assert/strict";
import { test } from "node:test";
import { MEASURES, readMeasure, surprisalBits, tintLevel } from "../lib/tint.js";

/** @import { Measure } from "../lib/tint.js" */

test("a shade is an eighth of probability, a bit of surprise, a bit of entropy", () => {
  /** @type {[Measure, number | null, number | null, number | null][]} */
  const rows = [
    ["probability", 1, 0, 0],
    ["probability", 0.9, 0, 0],
    ["probability", 0.5, 0, 4],
    ["probability", 0, 0, 7],
    ["surprisal", 1, 0, 0],
    ["surprisal", 0.5, 0, 1],
    ["surprisal", 0.125, 0, 3],
    ["surprisal", 1e-9, 0, 7],
    ["surprisal", 0, 0, 7],
    ["entropy", null, 2.5, 2],
    ["entropy", 1, 40, 7],
    ["entropy", 1, null, null],
    ["probability", null, 1, null],
    ["surprisal", null, 1, null],
  ];
  for (const [measure, p, entropy, level] of rows) assert.equal(tintLevel(measure, { p, entropy }), level, `${measure} ${p} ${entropy}`);
});

test("surprise is never negative, and endless for the impossible", () => {
  assert.deepEqual([1, 1.0000001, 0.25, 0].map(surprisalBits), [0, 0, 2, Infinity]);
});

test("a stored measure is read, anything else is the first", () => {
  for (const { id } of MEASURES) assert.equal(readMeasure(id), id);
  assert.deepEqual([readMeasure(null), readMeasure("x")], ["probability", "probability"]);
});
