// How the rows of a distribution are drawn.

import { signal } from "@preact/signals";

/** @typedef {"linear" | "log"} Scale */

/** @type {Scale[]} */
export const SCALES = ["linear", "log"];

export const scale = signal(/** @type {Scale} */ ("linear"));
/** Logits and log-probabilities beside the probabilities. */
export const scoresShown = signal(false);

/** @param {Scale} name */
export function chooseScale(name) {
  scale.value = name;
}

export function toggleScores() {
  scoresShown.value = !scoresShown.value;
}
