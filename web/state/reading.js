// How the running text is shown: its tint, and whether the prompt is folded.

import { computed, signal } from "@preact/signals";
import * as store from "./store.js";

/** @import { Measure } from "../lib/tint.js" */

/** A prompt of so many tokens can be folded, and one of so many is at first. */
const FOLDABLE = 60;
const LONG = 400;

export const measure = signal(/** @type {Measure} */ ("probability"));
/** What people chose; null is as long as the prompt says. */
const folded = signal(/** @type {boolean | null} */ (null));

/** Null where the prompt is too short for that. */
export const promptFolded = computed(() => {
  const count = store.promptTokens.value.length;
  return count < FOLDABLE ? null : (folded.value ?? count >= LONG);
});

/** @param {Measure} id */
export function chooseMeasure(id) {
  measure.value = id;
}

export function togglePrompt() {
  folded.value = !promptFolded.value;
}
