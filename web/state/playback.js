// Play: steps at an even pace, or as fast as they come. At a pace, steps start a period apart; one that takes
// longer delays those after it and makes up for nothing.

import { batch } from "@preact/signals";
import { plural } from "../lib/format.js";
import { newRun } from "./edits.js";
import { step, stepEnds, stepOn } from "./stepping.js";
import * as store from "./store.js";

/** Finish takes so many tokens in one go where people have set no limit: some text never ends. */
export const MOST_TO_FINISH = 300;

let run = 0;

export function togglePlay() {
  if (store.playing.value) pause();
  else void play(false);
}

/** To the end of the text, or to the limit, as fast as it goes. */
export function toggleFinish() {
  const finishing = store.finishing.value;
  pause();
  if (!finishing) void play(true);
}

/** How many tokens Finish takes at most. */
export function mostToFinish() {
  return store.maxTokens.value ?? MOST_TO_FINISH;
}

export function pause() {
  run += 1;
  batch(() => {
    store.playing.value = false;
    store.finishing.value = false;
  });
}

/** @param {boolean} finishing */
async function play(finishing) {
  run += 1;
  const mine = run;
  const name = finishing ? "Finish" : "Play";
  const how = { label: name, run: newRun() };
  batch(() => {
    store.playing.value = true;
    store.finishing.value = finishing;
  });
  const atFullSpeed = () => finishing || store.fullSpeed.value;
  const isEnough = () => taken >= (finishing ? mostToFinish() : (store.maxTokens.value ?? Infinity));
  let taken = 0;
  const goesOn = () => {
    taken += 1;
    return run === mine && atFullSpeed() && !isEnough();
  };
  await stepEnds();
  let due = performance.now();
  while (run === mine) {
    const outcome = await (atFullSpeed() ? stepOn(how, goesOn) : step(null, how).finally(() => (taken += 1)));
    if (outcome !== "ok" || run !== mine) break;
    if (isEnough()) {
      store.message.value = `Stopped: ${plural(taken, "token")}, the most that ${name} takes in one go.${finishing ? " Press it again to go on." : ""}`;
      break;
    }
    // Waiting is never exact. Counting from when the step was due keeps the error from adding up.
    due = Math.max(due + (atFullSpeed() ? 0 : store.speedMs.value), performance.now());
    await sleep(due - performance.now());
  }
  const each = Math.round(store.pace.value?.perDrawing ?? 1);
  if (each > 1 && store.message.value.startsWith("Stopped: ")) store.message.value += ` Steps came faster than the page draws: it drew 1 in ${each}.`;
  if (run === mine) pause();
}

/** @param {number} ms */
function sleep(ms) {
  return new Promise((wake) => setTimeout(wake, Math.max(0, ms)));
}
