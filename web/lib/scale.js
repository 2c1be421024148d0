// Scales map data to shares of a length, as closures over their domain.

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
