// Whether a slider is held: what it changes then follows the hand, and is one edit from press to release.

import { signal } from "@preact/signals";

export const held = signal(false);

let count = 0;

export function takeHold() {
  count += 1;
  held.value = true;
}

export function letGo() {
  held.value = false;
}

/** The name of the hold that is under way, or null. */
export function holdNow() {
  return held.peek() ? count : null;
}
