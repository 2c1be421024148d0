import assert from "node:assert/strict";
import { test } from "node:test";
import { cellsOf, formatPercent, formatScore, strongest, withoutFirst } from "../lib/heat.js";
import { formatPlaces, parsePlaces } from "../lib/places.js";
import { effectiveOptions, leavesOutFirst, optionValue } from "../state/attribution_options.js";
import { catalog, scores } from "./samples.js";

/** @import { AttributionOptions } from "../types/wire" */

const specs = catalog().attribution.options;

test("places are read as people write them", () => {
  /** @type {[string, number[] | null | undefined][]} */
  const rows = [
    ["", null], ["  ", null], ["3", [3]], ["0-3, 7", [0, 1, 2, 3, 7]], ["7,0 - 2", [0, 1, 2, 7]], ["1–2", [1, 2]], ["2,2,1-2", [1, 2]], ["4,", [4]],
    ["3-1", undefined], ["-1", undefined], ["a", undefined], ["1.5", undefined], ["0-", undefined], [",", undefined], ["0-99999999999", undefined], ["1024", undefined],
  ];
  for (const [text, places] of rows) assert.deepEqual(parsePlaces(text), places, text);
});

test("places are written so that they are read back", () => {
  /** @type {[number[] | null, string][]} */
  const rows = [[null, ""], [[], ""], [[5], "5"], [[0, 1, 2, 3, 7], "0-3, 7"], [[1, 2, 4, 5], "1-2, 4-5"]];
  for (const [places, text] of rows) assert.equal(formatPlaces(places), text);
});

test("strength is relative to the largest score, and the target has no cell", () => {
  const cells = cellsOf(scores([0.1, 0.4, 0]));
  assert.deepEqual(cells.map((cell) => cell.strength), [0.25, 1, 0]);
  assert.deepEqual(cells.map((cell) => cell.score), [0.1, 0.4, 0]);
});

test("a score below 0 is as strong as its size, and against", () => {
  const cells = cellsOf(scores([0.1, -0.4]));
  assert.deepEqual(cells.map(({ strength, against }) => [strength, against]), [[0.25, false], [1, true]]);
});

test("without any score there is no heat", () => {
  assert.deepEqual(cellsOf(scores([0, 0])).map((cell) => cell.strength), [0, 0]);
  assert.deepEqual(strongest(scores([0, 0]), 3), []);
});

test("tokens of a group show the group's score", () => {
  const groups = [{ start: 0, end: 2, label: null, score: 0.8, value_without: 0.1 }, { start: 2, end: 3, label: null, score: 0.2, value_without: 0.5 }];
  const cells = cellsOf(scores([0.5, 0.3, 0.2], { groups }));
  assert.deepEqual(cells.map(({ score, size, without }) => [score, size, without]), [[0.8, 2, 0.1], [0.8, 2, 0.1], [0.2, 1, 0.5]]);
  assert.deepEqual(strongest(scores([0.5, 0.3, 0.2], { groups }), 1), [{ start: 0, end: 2, score: 0.8, without: 0.1 }]);
});

test("the strongest parts come first, whatever their sign", () => {
  assert.deepEqual(strongest(scores([0.1, -0.4, 0.2]), 2).map((part) => part.start), [1, 2]);
});

test("shares and contributions", () => {
  const rows = [[0.312, "31 %"], [0.0995, "10 %"], [0.042, "4.2 %"], [0.00041, "under 0.1 %"], [0, "0 %"], [1, "100 %"]];
  for (const [share, text] of rows) assert.equal(formatPercent(Number(share)), text);
  const signed = [[0.2134, "+0.213"], [-0.041, "\u22120.041"], [-0.000012, "\u22121.2e-5"], [0, "+0.000"]];
  for (const [score, text] of signed) assert.equal(formatScore(Number(score), true), text);
});

test("a request names the options that have an effect and are not at their defaults", () => {
  /** @type {[string, AttributionOptions, AttributionOptions][]} */
  const rows = [
    ["saliency", { quantity: "logit_difference", signed: true, steps: 100, layers: [0] }, { quantity: "logit_difference" }],
    ["saliency", { quantity: "probability" }, {}],
    ["integrated_gradients", { signed: true, steps: 100 }, { signed: true, steps: 100 }],
    ["attention", { layers: [0, 3], quantity: "logit_difference" }, { layers: [0, 3] }],
    ["off", { signed: true }, {}],
  ];
  for (const [method, chosen, expected] of rows) assert.deepEqual(effectiveOptions(specs, method, chosen), expected);
});

test("a stored value that this server does not know counts as the default", () => {
  const spec = (/** @type {string} */ id) => /** @type {import("../types/wire").OptionSpec} */ (specs.find((one) => one.id === id));
  /** @type {[string, unknown, unknown][]} */
  const rows = [
    ["quantity", "perplexity", "probability"], ["signed", "yes", false], ["steps", 0, 50], ["steps", 2.5, 50], ["steps", 1000, 1000],
    ["layers", [0, -1], null], ["layers", "0-3", null], ["layers", [2], [2]], ["contrast_id", 7, null],
  ];
  for (const [id, value, expected] of rows) assert.deepEqual(optionValue(spec(id), /** @type {any} */ ({ [id]: value })), expected, `${id} ${value}`);
});

test("without the first token there are shares of the rest, also of groups", () => {
  const group = (/** @type {number} */ start, /** @type {number} */ end, /** @type {number} */ score) => ({ start, end, label: null, score, value_without: null });
  const { answer, sink } = withoutFirst(scores([0.5, 0.25, 0.25], { groups: [group(0, 2, 0.75), group(2, 3, 0.25)] }));
  assert.deepEqual([sink, answer.attributions, answer.groups], [0.5, [0, 0.5, 0.5, 0], [group(1, 2, 0.5), group(2, 3, 0.5)]]);
  const alone = withoutFirst(scores([0.5, 0.5], { groups: [group(0, 1, 0.5), group(1, 2, 0.5)] }));
  assert.deepEqual(alone.answer.groups, [group(1, 2, 1)]);
  const only = scores([1]);
  assert.deepEqual(withoutFirst(only), { answer: only, sink: null });
});

test("attention leaves out the first token unless somebody chose to see it, and never asks for that", () => {
  /** @type {[string, AttributionOptions, boolean][]} */
  const rows = [["attention", {}, true], ["attention", { mask_sink: true }, true], ["attention", { mask_sink: false }, false], ["saliency", {}, false]];
  for (const [method, chosen, left] of rows) {
    assert.equal(leavesOutFirst(specs, method, chosen), left);
    assert.deepEqual(effectiveOptions(specs, method, chosen), {});
  }
});
