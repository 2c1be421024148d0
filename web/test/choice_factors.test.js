// What makes an option of a multiple choice likely, from numbers that a reader can multiply.

import assert from "node:assert/strict";
import { test } from "node:test";
import { optionsOf, verdictOf } from "../lib/choice_factors.js";
import { choice } from "./samples.js";

const near = (/** @type {number} */ value) => Number(value.toFixed(6));

test("an option is its first token, the rest of it, and the end", () => {
  const [yes, maybe] = optionsOf([choice("yes", [0.3], 0.5, 0.75), choice("maybe", [0.1, 0.5, 0.4], 0.5, 0.05)]);
  assert.deepEqual([yes?.first, yes?.rest, yes?.end, yes?.whole].map((p) => near(p ?? NaN)), [0.3, 1, 0.5, 0.15]);
  assert.deepEqual([maybe?.first, maybe?.rest, maybe?.end, maybe?.whole].map((p) => near(p ?? NaN)), [0.1, 0.2, 0.5, 0.01]);
  assert.deepEqual([yes?.firstShare, yes?.share, maybe?.firstShare].map((p) => near(p ?? NaN)), [0.75, 0.75, 0.25]);
});

test("a first token that options share counts once", () => {
  // The sample gives options that begin with the same letter the same first token.
  const options = optionsOf([choice("new york", [0.2, 0.9], 0.5), choice("new jersey", [0.2, 0.1], 0.5), choice("maine", [0.2], 0.5)]);
  assert.deepEqual(options.map(({ firstShare }) => firstShare), [0.5, 0.5, 0.5]);
});

const VERDICTS = /** @type {[string, ReturnType<typeof choice>[], string, string, string | null][]} */ ([
  ["the likelier first token wins", [choice("yes", [0.3], 0.5), choice("no", [0.1], 0.5)], "yes", "yes", null],
  ["the end turns it", [choice("yes", [0.3], 0.5), choice("no", [0.6], 0.01)], "no", "yes", "end"],
  ["the rest turns it", [choice("yes", [0.6, 0.01], 0.5), choice("no", [0.3], 0.5)], "yes", "no", "rest"],
  ["both help, and the larger is named", [choice("yes", [0.6, 0.01], 0.2), choice("no", [0.3], 0.5)], "yes", "no", "rest"],
  ["one that never ends", [choice("yes", [0.6], 0), choice("no", [0.3], 0.5)], "yes", "no", "end"],
  ["none ever ends", [choice("yes", [0.6], 0), choice("no", [0.7], 0)], "no", "yes", null],
  ["products too small for a number", [choice("yes", [0.6, 1e-200, 1e-200], 0.5), choice("no", [0.3, 1e-200, 1e-190], 0.5)], "yes", "no", "rest"],
]);
for (const [what, choices, leader, winner, turn] of VERDICTS) test(`of two options: ${what}`, () => {
  const verdict = verdictOf(optionsOf(choices));
  assert.deepEqual([verdict?.leader.text, verdict?.winner.text, verdict?.turn], [leader, winner, turn]);
});

test("one option alone has no verdict", () => assert.equal(verdictOf(optionsOf([choice("yes", [0.3], 0.5)])), null));
