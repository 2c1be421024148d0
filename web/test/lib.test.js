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

/** @param {number} width @param {number} height @param {number} [top] */
const roomOf = (width, height, top = 0) => ({ left: 0, top, right: width, bottom: height });

test("a card stays in its room and off what it is about", () => {
  const card = { width: 300, height: 200 };
  const row = (/** @type {number} */ left, /** @type {number} */ top) => ({ left, top, right: left + 300, bottom: top + 32 });
  const [wide, phone] = [roomOf(1280, 720), roomOf(390, 844)];
  /** @type {[import("../types/app").Box, import("../types/app").Box, boolean, import("../lib/geometry.js").Standing][]} */
  const rows = [
    [row(850, 100), wide, true, { left: 542, top: 100, height: 704 }],
    [row(850, 700), wide, true, { left: 542, top: 512, height: 704 }],
    [row(850, 100), wide, false, { left: 850, top: 140, height: 572 }],
    [row(10, 100), phone, true, { left: 10, top: 140, height: 696 }],
    [row(10, 700), phone, true, { left: 10, top: 492, height: 684 }],
    // Between a header and a bar of controls there is room neither under it nor over it: beside it, or lower.
    [row(50, 200), roomOf(1280, 400, 50), false, { left: 358, top: 192, height: 334 }],
    [row(850, 200), roomOf(1280, 400, 50), false, { left: 542, top: 192, height: 334 }],
    [row(10, 100), roomOf(390, 300, 50), true, { left: 10, top: 140, height: 152 }],
    [row(10, 220), roomOf(390, 300, 50), true, { left: 10, top: 58, height: 154 }],
  ];
  for (const [about, room, aside, standing] of rows) assert.deepEqual(geometry.placeCard(about, card, room, aside), standing);
});

test("a token that goes over two lines is looked at in the one that the pointer is on", () => {
  const lines = [{ left: 700, top: 10, right: 705, bottom: 30 }, { left: 20, top: 38, right: 80, bottom: 58 }];
  /** @type {[number, number, number][]} */
  const rows = [[702, 20, 0], [50, 45, 1], [50, 34, 1], [600, 20, 0]];
  for (const [x, y, line] of rows) assert.equal(geometry.lineAt(lines, { x, y }), lines[line], `${x}, ${y}`);
  assert.equal(geometry.lineAt([], { x: 1, y: 1 }), undefined);
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
  const [card, room] = [{ width: 300, height: 200 }, roomOf(1000, 600)];
  const box = (/** @type {number} */ left, /** @type {number} */ top) => ({ left, top, right: left + 100, bottom: top + 20 });
  /** @type {[number, number, number, number][]} */
  const rows = [
    [50, 50, 162, 50],
    [800, 50, 488, 50],
    [50, 590, 162, 392],
    [50, -30, 162, 8],
  ];
  for (const [left, top, x, y] of rows) assert.deepEqual(geometry.placeBeside(box(left, top), card, room), { left: x, top: y, height: 584 });
  assert.deepEqual(geometry.placeBeside(box(20, 50), card, roomOf(320, 600)), { left: 12, top: 78, height: 514 });
});

test("each power of ten is as long as the next on the logarithmic scale", () => {
  assert.deepEqual([1, 0.1, 0.001, 1e-6, 1e-9, 0].map(logWidth), ["100.000%", "83.333%", "50.000%", "0.000%", "0.000%", "0.000%"]);
});
