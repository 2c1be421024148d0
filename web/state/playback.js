// Play: steps at an even pace. Steps start a period apart; one that takes longer delays those after
// it and makes up for nothing.

import { plural } from "../lib/format.js";
import { newRun } from "./edits.js";
import { step } from "./stepping.js";
import * as store from "./store.js";

let run = 0;

export function togglePlay() {
  if (store.playing.value) pause();
  else void play();
}

export function pause() {
  run += 1;
  store.playing.value = false;
}

async function play() {
  run += 1;
  const mine = run;
  const how = { label: "Play", run: newRun() };
  store.playing.value = true;
  let due = performance.now();
  for (let taken = 1; run === mine; taken += 1) {
    const outcome = await step(null, how);
    if (outcome !== "ok" || run !== mine) break;
    if (taken === store.maxTokens.value) {
      store.message.value = `Stopped: ${plural(taken, "token")}, the most that Play takes in one go.`;
      break;
    }
    // Waiting is never exact. Counting from when the step was due keeps the error from adding up.
    due = Math.max(due + store.speedMs.value, performance.now());
    await sleep(due - performance.now());
  }
  if (run === mine) store.playing.value = false;
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
