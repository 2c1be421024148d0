// The sheet of knobs at the foot of windows that have no room for the settings beside the rows.

import { signal } from "@preact/signals";

export const knobsOpen = signal(false);

/** What the sheet shows is open, whatever the card in the settings is. */
export const UNFOLDED = signal(false);

export function toggleKnobs() {
  knobsOpen.value = !knobsOpen.value;
}

export function closeKnobs() {
  knobsOpen.value = false;
}
