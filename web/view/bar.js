// How wide the bar of a probability is.

import { logWidth, percentScale } from "../lib/scale.js";
import { scale } from "../state/rows_view.js";

/** Always linear, for cards that show a few numbers at once. */
export const barWidth = percentScale(0, 1);

/** On the scale that was chosen. @param {number} p */
export function rowWidth(p) {
  return scale.value === "log" ? logWidth(p) : barWidth(p);
}
