import assert from "node:assert/strict";
import { test } from "node:test";
import * as geometry from "../lib/geometry.js";
import { parseInteger, parseNumber, toBoundedInteger } from "../lib/numbers.js";
import { createRecent } from "../lib/recent.js";
import { isEqual } from "../lib/same.js";
import { logWidth, percentScale } from "../lib/scale.js";

test("typed numbers are read only when they are numbers", () => {
  assert.deepEqual(["", "-", "1e", "abc", "Infinity"].map(parseNumber), [null, null, null, null, null]);
  assert.deepEqual(["0.5", " 2 ", "-3"].map(parseNumber), [0.5, 2, -3]);
  assert.deepEqual(["7", "7.5", "9007199254740993"].map(parseInteger), [7, null, null]);
});

test("the rows field rounds and clamps", () => {
  assert.deepEqual(["3.6", "0", "999", "", "x"].map((text) => toBoundedInteger(text, 1, 50, 10)), [4, 1, 50, 10, 10]);
});

test("a scale sticks to its ends", () => {
  const width = percentScale(0, 1);
  assert.deepEqual([0, 0.5, 1, 3, -1, NaN].map(width), ["0.000%", "50.000%", "100.000%", "100.000%", "0.000%", "0.000%"]);
});

test("wires leave and arrive level", () => {
  assert.equal(geometry.curve({ x: 0, y: 0 }, { x: 100, y: 40 }), "M0 0 C55 0 45 40 100 40");
  const stubs = geometry.weightedStubs(10, [{ box: { left: 50, top: 0, right: 90, bottom: 20 }, share: 1 }]);
  assert.deepEqual(stubs, [{ d: "M13 10 L47 10", opacity: 1 }]);
});

test("rows scrolled out of their frame have no wire", () => {
  const box = (/** @type {number} */ top) => ({ left: 0, right: 10, top, bottom: top + 10 });
  const frame = { left: 0, right: 10, top: 0, bottom: 30 };
  const seen = (/** @type {number[]} */ tops) => geometry.runIn(tops, box, frame).map(({ item }) => item);
  assert.deepEqual(seen([-20, 0, 20, 40]), [0, 20]);
  assert.deepEqual(seen([-5, 25]), [-5, 25], "a middle on the edge is in");
  assert.deepEqual([seen([]), seen([40, 60]), seen([-40, -20])], [[], [], []]);
  let asked = 0;
  const many = Array.from({ length: 1000 }, (_, index) => index * 10 - 5000);
  geometry.runIn(many, (top) => (asked++, box(top)), frame);
  assert.ok(asked < 16, `${asked} boxes were asked for`);
});

test("values are the same if JSON would say the same", () => {
  const row = () => ({ id: 7, text: "a", after: [0.5, null], target: { index: 1 } });
  const others = [null, 7, [], { ...row(), id: 8 }, { ...row(), more: undefined }, { ...row(), after: [0.5] }, { ...row(), after: { 0: 0.5, 1: null } }, { ...row(), target: null }];
  assert.equal(isEqual(row(), row()), true);
  for (const other of others) assert.deepEqual([isEqual(row(), other), isEqual(other, row())], [false, false], JSON.stringify(other));
});

test("the detail card stays inside the window", () => {
  const card = { width: 300, height: 200 };
  const space = { width: 1280, height: 720 };
  const row = (/** @type {number} */ left, /** @type {number} */ top) => ({ left, top, right: left + 300, bottom: top + 32 });
  assert.deepEqual(geometry.placeCard(row(850, 100), card, space), { left: 542, top: 100 });
  assert.deepEqual(geometry.placeCard(row(850, 700), card, space), { left: 542, top: 512 });
  assert.deepEqual(geometry.placeCard(row(850, 100), card, space, false), { left: 850, top: 140 });
  assert.deepEqual(geometry.placeCard(row(10, 100), card, { width: 390, height: 844 }), { left: 10, top: 140 });
  assert.deepEqual(geometry.placeCard(row(10, 700), card, { width: 390, height: 844 }), { left: 10, top: 492 });
});

test("the value used longest ago is forgotten first", () => {
  const recent = createRecent(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.get("a");
  recent.set("c", 3);
  assert.deepEqual(["a", "b", "c"].map(recent.get), [1, undefined, 3]);
});

test("a card stands beside what it is about, and inside the window", () => {
  const [card, space] = [{ width: 300, height: 200 }, { width: 1000, height: 600 }];
  const box = (/** @type {number} */ left, /** @type {number} */ top) => ({ left, top, right: left + 100, bottom: top + 20 });
  /** @type {[number, number, number, number][]} */
  const rows = [
    [50, 50, 162, 50],
    [800, 50, 488, 50],
    [50, 590, 162, 392],
    [50, -30, 162, 8],
  ];
  for (const [left, top, x, y] of rows) assert.deepEqual(geometry.placeBeside(box(left, top), card, space), { left: x, top: y });
  assert.deepEqual(geometry.placeBeside(box(20, 50), card, { width: 320, height: 600 }), { left: 12, top: 50 });
});

test("each power of ten is as long as the next on the logarithmic scale", () => {
  assert.deepEqual([1, 0.1, 0.001, 1e-6, 1e-9, 0].map(logWidth), ["100.000%", "83.333%", "50.000%", "0.000%", "0.000%", "0.000%"]);
});
