// The axis of the bars, runs of rows that were cut together, and favourites that left the list.

import assert from "node:assert/strict";
import { test } from "node:test";
import { lostFavourites, runsOf } from "../lib/candidates.js";
import { formatEnd } from "../lib/format.js";
import { axisEnds, barScale, fittingTop } from "../lib/scale.js";
import { rowsFor } from "../lib/text_rows.js";
import { axis, readScale, scale } from "../state/rows_view.js";
import { placeOf } from "../state/session.js";
import * as store from "../state/store.js";
import { dist, row } from "./samples.js";

test("an axis ends at the next round probability", () => {
  for (const [probabilities, top] of /** @type {[number[], number][]} */ ([
    [[0.174, 0.143, 0.02], 0.2], [[0.2], 0.2], [[0.2000001], 0.5], [[0.51, 0.4], 0.75], [[0.75], 0.75], [[0.76], 1], [[1], 1], [[0.034], 0.05], [[0.0003], 0.0005], [[0], 1e-6], [[], 1e-6],
  ])) assert.equal(fittingTop(probabilities), top, String(probabilities));
});

test("bars are as long as their share of the axis, and never longer than it", () => {
  for (const [kind, top, p, width] of /** @type {["fit" | "linear" | "log", number, number, string][]} */ ([
    ["fit", 0.2, 0.1, "50.000%"], ["fit", 0.2, 0.2, "100.000%"], ["fit", 0.2, 0.6, "100.000%"], ["linear", 1, 0.1, "10.000%"], ["log", 1, 1e-3, "50.000%"], ["log", 1, 0, "0.000%"],
  ])) assert.equal(barScale({ kind, top })(p), width, `${kind} ${top} ${p}`);
});

test("the ends of an axis are labelled without zeros that say nothing", () => {
  const labels = (/** @type {Parameters<typeof axisEnds>[0]} */ of) => axisEnds(of).map(formatEnd).join();
  assert.deepEqual([labels({ kind: "fit", top: 0.2 }), labels({ kind: "linear", top: 1 }), labels({ kind: "log", top: 1 }), labels({ kind: "fit", top: 0.0005 }), labels({ kind: "fit", top: 0.75 })], ["0,0.2", "0,1", "1e-6,1", "0,5e-4", "0,0.75"]);
});

test("at one position the axis grows and never shrinks; another position, and another model, choose it anew", () => {
  scale.value = "fit";
  const show = (/** @type {string} */ prompt, /** @type {number} */ p) => {
    store.shown.value = { place: { ...placeOf(store.session.value), prompt }, dist: dist([row(1, "a", { p_base: 0.01, p_final: p })]), chosen: null, failure: null };
    return axis.value.top;
  };
  assert.deepEqual([show("a", 0.15), show("a", 0.4), show("a", 0.15), show("b", 0.15)], [0.2, 0.5, 0.5, 0.2]);
  assert.equal(show("b", 0.9), 1);
  store.tokenOwner.value = "another";
  assert.equal(show("b", 0.15), 0.2);
  scale.value = "linear";
  assert.deepEqual(axis.value, { kind: "linear", top: 1 });
  scale.value = "fit";
});

test("a stored scale stays, and without one the axis fits", () => {
  assert.deepEqual(["linear", "log", "fit", "round", null].map(readScale), ["linear", "log", "fit", "fit", "fit"]);
});

test("rows that one stage cut one after the other are a run", () => {
  const cut = (/** @type {number} */ id, /** @type {string} */ by, /** @type {number} */ rank) => row(id, "x", { kept: false, cut_by: by, rank_final: null, rank_base: rank });
  const forbidden = row(9, "x", { kept: false, valid: false, cut_by: "constraint", rank_base: 2 });
  for (const [rows, runs] of /** @type {[import("../types/wire").DistributionRow[], string[]][]} */ ([
    [[row(1, "a")], []],
    [[row(1, "a"), cut(2, "top_p", 4), cut(3, "top_p", 5)], ["1 top_p true"]],
    [[row(1, "a"), cut(2, "top_p", 5), cut(3, "top_p", 4)], ["1 top_p false"]],
    [[row(1, "a"), cut(2, "top_k", 4), cut(3, "top_p", 5), forbidden], ["1 top_k true", "2 top_p true", "3 constraint true"]],
    [[cut(2, "top_p", 4), row(1, "a"), cut(3, "top_p", 5)], ["0 top_p true", "2 top_p true"]],
  ])) assert.deepEqual(runsOf(rows).map(({ first, stage, byRank }) => `${first} ${stage} ${byRank}`), runs);
});

test("favourites are lost where raw order would have listed them", () => {
  const favourite = (/** @type {number} */ id, /** @type {number} */ rank) => ({ ...row(id, "f", { rank_base: rank }), sunk_by: "repetition" });
  const two = { tokens: [row(1, "a"), row(2, "b")], raw_top: [favourite(1, 1), favourite(7, 2), favourite(8, 3)] };
  assert.deepEqual(lostFavourites(two).map(({ id }) => id), [7]);
  assert.deepEqual(lostFavourites({ tokens: two.tokens }), []);
});

test("without the browser's help a field has the rows that its text needs, within limits", () => {
  for (const [text, rows] of /** @type {[string, number][]} */ ([["", 3], ["a\nb\nc\nd\n", 5], ["x".repeat(26 * 4), 4], ["\n".repeat(50), 12]])) assert.equal(rowsFor(text, 3, 12), rows);
});
