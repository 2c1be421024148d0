// Play: steps at an even pace. A step starts one period after the one before started, or as soon
// as that one is done if it took longer.

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
  store.playing.value = true;
  while (run === mine) {
    const started = performance.now();
    const outcome = await step();
    if (outcome !== "ok") break;
    await sleep(store.speedMs.value - (performance.now() - started));
  }
  if (run === mine) store.playing.value = false;
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
