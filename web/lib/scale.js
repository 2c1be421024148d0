// Scales map data to shares of a length, as closures over their domain.

/** Below this one, probabilities have no length on the logarithmic scale. */
export const SMALLEST = 1e-6;

/**
 * What the bars of a list are measured on: `top` is the probability at the right end.
 * @typedef {{ kind: "fit" | "linear" | "log", top: number }} Axis
 */

/** Always linear, for cards that show a few numbers at once. */
export const linearWidth = percentScale(0, 1);

/** Where an axis may end that fits what it shows: 1, 0.75 (or a favourite of 0.6 leaves half of it empty), 0.5, 0.2, 0.1 and so on. */
const TOPS = [1, 0.75, ...Array.from({ length: -Math.log10(SMALLEST) }, (_, decade) => [5, 2, 1].map((digit) => Number(`${digit}e-${decade + 1}`))).flat()];

/** The least of them that none of these probabilities goes beyond. @param {readonly number[]} probabilities */
export function fittingTop(probabilities) {
  const largest = Math.max(0, ...probabilities);
  return TOPS.findLast((top) => top >= largest) ?? 1;
}

/** The axis that fits these. @param {readonly number[]} probabilities @returns {Axis} */
export function fittingAxis(probabilities) {
  return { kind: "fit", top: fittingTop(probabilities) };
}

/**
 * The length of a probability's bar as a CSS percentage, for one axis.
 * @param {Axis} axis
 */
export function barScale({ kind, top }) {
  return kind === "log" ? logWidth : percentScale(0, top);
}

/** The probabilities at the two ends of an axis. @param {Axis} axis */
export function axisEnds({ kind, top }) {
  return [kind === "log" ? SMALLEST : 0, top];
}

/** The length of a probability's bar, each power of ten being as long as the next. */
export const logWidth = (/** @type {number} */ p) => percentScale(Math.log10(SMALLEST), 0)(Math.log10(Math.max(p, SMALLEST)));

/**
 * Linear scale from [low, high] to a CSS percentage; values outside stick to the ends.
 * @param {number} low
 * @param {number} high
 */
export function percentScale(low, high) {
  const span = high - low;
  return (/** @type {number} */ value) => {
    const share = span === 0 ? 0 : (value - low) / span;
    const bounded = Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
    return `${(bounded * 100).toFixed(3)}%`;
  };
}
