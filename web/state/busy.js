// The busy sign. Most answers come within a few milliseconds; a sign that flashes for each of
// them would be noise, so it waits.

import { busy } from "./store.js";

const PATIENCE_MS = 100;

let underWay = 0;
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);

/**
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
export async function whileBusy(work) {
  underWay += 1;
  if (underWay === 1) timer = setTimeout(() => (busy.value = true), PATIENCE_MS);
  try {
    return await work;
  } finally {
    underWay -= 1;
    if (underWay === 0) {
      clearTimeout(timer);
      busy.value = false;
    }
  }
}
