// The busy signs. Most answers come within a few milliseconds; a sign that flashes for each of
// them would be noise, so it waits.

import { busy, slow } from "./store.js";

const PATIENCE_MS = 100;
const SLOW_MS = 150;

let underWay = 0;
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

/**
 * The slow sign outlasts work that was cancelled for newer work: a text that is typed on stays
 * unread, and the sign must not blink with every key.
 * @template T
 * @param {Promise<T>} work
 * @param {AbortSignal} signal
 * @returns {Promise<T>}
 */
export async function whileBusy(work, signal) {
  underWay += 1;
  const slowTimer = setTimeout(() => (slow.value = true), SLOW_MS);
  if (underWay === 1) timer = setTimeout(() => (busy.value = true), PATIENCE_MS);
  try {
    return await work;
  } finally {
    underWay -= 1;
    clearTimeout(slowTimer);
    if (!signal.aborted) slow.value = false;
    if (underWay === 0) {
      clearTimeout(timer);
      busy.value = false;
    }
  }
}
