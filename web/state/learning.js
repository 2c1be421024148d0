// Help, and the tour that a first visit begins with.

import { signal } from "@preact/signals";

export const helpOpen = signal(false);

/** The step that the tour is at, null while there is none. */
export const tourStep = signal(/** @type {number | null} */ (null));
/** Nobody is shown the tour twice without asking for it. */
export const tourSeen = signal(false);

export function openHelp() {
  endTour();
  helpOpen.value = true;
}

export function closeHelp() {
  helpOpen.value = false;
}

export function startTour() {
  closeHelp();
  tourStep.value = 0;
}

/** @param {number} step */
export function goToTourStep(step) {
  tourStep.value = step;
}

/** Also for those who leave it half way: they have seen what it is. */
export function endTour() {
  if (tourStep.value === null) return;
  tourStep.value = null;
  tourSeen.value = true;
}
