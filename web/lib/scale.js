// Scales map data to shares of a length, as closures over their domain.

/** Below this one, probabilities have no length on the logarithmic scale. */
export const SMALLEST = 1e-6;

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
