// The view for a class: large type, and the chances hidden until everybody has guessed.

import { computed, signal } from "@preact/signals";
import { endTour } from "./learning.js";
import { samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { Place } from "../types/app" */

export const projecting = signal(false);
export const guessFirst = signal(false);

/** Where the chances were shown. The next position is another place, so they are hidden there by themselves. */
const shownAt = signal(/** @type {Place | null} */ (null));

export const guessing = computed(() => {
  const place = store.shown.value?.place;
  return guessFirst.value && !(place && shownAt.value && samePlace(place, shownAt.value));
});

export function toggleProjector() {
  endTour();
  projecting.value = !projecting.value;
}

/** Returns false if it was not there. */
export function leaveProjector() {
  if (!projecting.value) return false;
  projecting.value = false;
  return true;
}

export function toggleGuess() {
  guessFirst.value = !guessFirst.value;
  shownAt.value = null;
}

/** Shows the chances, or hides them again. */
export function toggleChances() {
  shownAt.value = guessing.value ? (store.shown.value?.place ?? null) : null;
}
