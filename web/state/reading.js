// How the running text is tinted.

import { signal } from "@preact/signals";

/** @import { Measure } from "../lib/tint.js" */

export const measure = signal(/** @type {Measure} */ ("probability"));

/** @param {Measure} id */
export function chooseMeasure(id) {
  measure.value = id;
}
