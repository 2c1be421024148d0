// Only the newest counts, and what is quick is let finish.

import assert from "node:assert/strict";
import { test } from "node:test";
import { newestOnly } from "../state/newest.js";
import { pause } from "./server_double.js";

/** Work that ends when the test says so. */
function bench() {
  const runs = /** @type {{ signal: AbortSignal, end: () => void }[]} */ ([]);
  const newest = newestOnly((signal) => new Promise((resolve) => runs.push({ signal, end: () => resolve(null) })));
  return { newest, runs };
}

test("the first goes out at once, the newest follows it, those between are left out", async () => {
  const { newest, runs } = bench();
  for (let value = 0; value < 5; value += 1) newest.next();
  assert.equal(runs.length, 1);
  assert.equal(newest.waits(), true);
  assert.equal(runs[0]?.signal.aborted, false);
  runs[0]?.end();
  await pause(1);
  assert.equal(runs.length, 2);
  assert.equal(newest.waits(), false);
  runs[1]?.end();
  await pause(1);
  assert.equal(runs.length, 2);
});

test("another one instead ends what is under way and what waits for it", async () => {
  const { newest, runs } = bench();
  newest.next();
  newest.next();
  newest.instead(5);
  assert.equal(runs[0]?.signal.aborted, true);
  runs[0]?.end();
  await pause(1);
  assert.equal(runs.length, 1);
  await pause(20);
  assert.equal(runs.length, 2);
});

test("at once does not wait for what was to come later, and takes its place", async () => {
  const { newest, runs } = bench();
  newest.instead(5);
  newest.next();
  assert.equal(runs.length, 1);
  await pause(20);
  assert.equal(runs.length, 1);
  assert.equal(newest.waits(), false);
});

test("what is cancelled is not followed by anything", async () => {
  const { newest, runs } = bench();
  newest.next();
  newest.next();
  newest.cancel();
  runs[0]?.end();
  await pause(10);
  assert.deepEqual([runs.length, runs[0]?.signal.aborted], [1, true]);
});
