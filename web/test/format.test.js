import assert from "node:assert/strict";
import { test } from "node:test";
import * as format from "../lib/format.js";

/**
 * @template A
 * @param {(value: A) => string} write
 * @param {[A, string][]} rows
 */
function check(write, rows) {
  for (const [value, text] of rows) assert.equal(write(value), text);
}

test("a small probability never reads as zero", () => {
  check(format.formatProbability, [[0, "0"], [1, "1.000"], [0.646, "0.646"], [0.001, "0.001"], [0.00099, "9.9e-4"], [0.000012, "1.2e-5"], [NaN, "?"]]);
});

test("the detail card shows more digits", () => {
  check(format.formatProbabilityLong, [[0, "0"], [0.5820001, "0.582000"], [0.000012345, "1.2345e-5"]]);
});

test("signed numbers have a real minus and no negative zero", () => {
  check((value) => format.formatSigned(value), [[1.23456, "1.235"], [-1.5, "−1.500"], [-0.0001, "0.000"], [-Infinity, "−∞"]]);
});

test("amounts", () => {
  check(format.formatBytes, [
    [0, "0 B"], [12, "12 B"], [2_500, "2.5 kB"], [9.97e6, "10 MB"], [98_362_432, "98 MB"], [312e6, "312 MB"], [999.7e6, "1.0 GB"], [1.5e9, "1.5 GB"], [15e9, "15 GB"],
  ]);
  check(format.formatParameters, [[840, "840"], [134_515_008, "135 M"], [1_235_814_400, "1.24 B"], [29_960, "30.0 k"], [999_950_000, "1.00 B"]]);
  check(format.formatMilliseconds, [[4.24, "4.2 ms"], [41.7, "42 ms"], [1500, "1.5 s"]]);
  check((count) => format.plural(count, "token"), [[1, "1 token"], [999, "999 tokens"], [49152, "49,152 tokens"], [1_234_567, "1,234,567 tokens"]]);
});

test("the time that remains is a guess and reads as one", () => {
  check(format.formatRemaining, [
    [0, "a few seconds"], [9, "a few seconds"], [12, "about 10 s"], [34, "about 30 s"], [54, "about 50 s"], [56, "about 1 min"], [600, "about 10 min"],
    [3560, "about 59 min"], [3575, "about 1 h"], [7300, "about 2 h"],
  ]);
});

test("stages and stop reasons have short names, unknown ones a readable form", () => {
  check(format.stageName, [["top_p", "top-p"], ["constraint", "grammar"], ["new_stage", "new-stage"]]);
  check(format.stopName, [["eos_token", "the model ended its answer"], ["length_limit", "length limit"]]);
});
