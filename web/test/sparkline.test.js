import assert from "node:assert/strict";
import { test } from "node:test";
import { formatMass, formatOdds } from "../lib/format.js";
import { lowest, sparkline } from "../lib/sparkline.js";
import { rangeOf } from "../lib/text_place.js";

const SIZE = { width: 100, height: 20 };

const DRAWINGS = /** @type {[string, (number | null)[], string[], number][]} */ ([
  // what is drawn, values, paths, decades
  ["nothing", [], [], 2],
  ["one at the top, a hundredth at the bottom", [1, 0.01], ["M0 0 L100 20"], 2],
  ["a decade is a decade wherever it is", [1, 0.1, 0.01, 0.001, 0.0001], ["M0 0 L25 5 L50 10 L75 15 L100 20"], 4],
  ["a small dip stays small", [1, 0.1], ["M0 0 L100 10"], 2],
  ["a gap breaks the line", [1, 1, null, 0.01, 0.01], ["M0 0 L25 0", "M75 20 L100 20"], 2],
  ["zero is at the bottom", [1, 0], ["M0 0 L100 20"], 9],
  ["what is smaller than the scale is at its end", [1, 1e-30], ["M0 0 L100 20"], 9],
  ["a sum that is rounded above one is at the top", [1.0000001, 0.1], ["M0 0 L100 10"], 2],
]);
for (const [what, values, lines, decades] of DRAWINGS) test(`sparkline: ${what}`, () => {
  const drawing = sparkline(values, SIZE);
  assert.deepEqual([drawing.lines, drawing.decades], [lines, decades]);
});

test("sparkline: a value alone is a dot", () => {
  assert.deepEqual(sparkline([0.1], SIZE).dots, [{ x: 50, y: 10 }]);
  assert.deepEqual(sparkline([null, 0.1, null], SIZE).dots, [{ x: 50, y: 10 }]);
  assert.deepEqual(sparkline([1, 0.1], SIZE), { lines: ["M0 0 L100 10"], dots: [], last: { x: 100, y: 10 }, decades: 2 });
  assert.equal(sparkline([1, null], SIZE).last, null);
});

test("the lowest value and its place", () => {
  assert.deepEqual(lowest([0.5, null, 0.1, 0.1]), { index: 2, value: 0.1 });
  assert.equal(lowest([null]), null);
});

const MASSES = /** @type {const} */ ([
  [1, "100 %"], [0.99999, "over 99.9 %"], [0.5, "50.0 %"], [0.0944, "9.4 %"], [0.02, "2.0 %"], [0.0009, "0.090 %"], [0.0001, "0.010 %"], [0.00009, "1 in 11,000"], [0.000004, "1 in 250,000"],
  [0.000001, "1 in 1 million"], [1.2e-9, "1 in 830 million"], [2e-14, "1 in 50 trillion"], [0, "0 %"], [NaN, "?"],
]);
for (const [p, text] of MASSES) test(`a mass of ${p} is ${text}`, () => assert.equal(formatMass(p), text));

const ODDS = /** @type {const} */ ([[1, "1 in 1"], [0.4, "1 in 2.5"], [0.2, "1 in 5"], [0.001, "1 in 1,000"], [1 / 1234, "1 in 1,234"], [1 / 23_456, "1 in 23,000"], [1 / 999_600, "1 in 1 million"], [4e-7, "1 in 2.5 million"], [1e-7, "1 in 10 million"], [1e-15, "1 in 1.0 × 10¹⁵"]]);
for (const [p, text] of ODDS) test(`odds of ${p} are ${text}`, () => assert.equal(formatOdds(Math.log(p)), text));

test("odds beyond what a number can hold", () => assert.equal(formatOdds(-2000), "1 in 3.9 × 10⁸⁶⁸"));

const PLACES = /** @type {const} */ ([
  // text, line, column, what offends, the part that is marked
  ["(a|b", 1, 1, "(", "("],
  ["ab\n{x}", 2, 2, "x", "x"],
  ["start: foo", 1, 8, "foo", "foo"],
  ["start: foo", 1, 8, "bar", "f"],
  ["a\nb", 1, undefined, "a", "a"],
  ["😀😀x", 1, 3, "x", "x"],
  ["😀x", 1, 1, "", "😀"],
  ["ab", 1, 3, "", ""],
  ["ab", 9, 1, "", "a"],
]);
for (const [text, line, column, offending, marked] of PLACES) test(`line ${line}, column ${column} of ${JSON.stringify(text)} is ${JSON.stringify(marked)}`, () => {
  const range = rangeOf(text, { line, column, offending });
  assert.equal(text.slice(range?.start, range?.end), marked);
});

test("an error about the whole text has no place", () => assert.equal(rangeOf("ab", {}), null));
