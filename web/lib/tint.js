// How strongly a token of the running text is tinted: from 0, the model was sure, to 7, it was
// surprised. Few levels can be told apart, and a legend can show all of them.

/** @typedef {"probability" | "surprisal" | "entropy"} Measure */

export const LEVELS = 8;

/** How a level looks, as style/reading.css says it, where no style sheet reaches: percents of blue, and pixels of a line under the token. */
export const SHADES = [0, 6, 12, 18, 24, 30, 36, 44];
export const LINES_UNDER = [0, 0, 0, 0, 1, 1, 2, 3];

/** @type {{ id: Measure, label: string, low: string, high: string, about: string }[]} */
export const MEASURES = [
  { id: "probability", label: "Probability", low: "the model was sure", high: "surprised", about: "The probability the model gave to the token that came, before any sampling stage. Each shade is one eighth." },
  { id: "surprisal", label: "Surprise", low: "the model was sure", high: "surprised", about: "Minus the logarithm of that probability, in bits: one more each time it halves. Each shade is one bit." },
  { id: "entropy", label: "Entropy", low: "there was one choice", high: "many", about: "How open the choice was, whatever came of it, in bits. Each shade is one bit." },
];

/**
 * A stored name; anything else is the first measure.
 * @param {string | null} name
 * @returns {Measure}
 */
export function readMeasure(name) {
  return MEASURES.find((one) => one.id === name)?.id ?? "probability";
}

/** @param {number} p */
export function surprisalBits(p) {
  return p > 0 ? Math.max(0, -Math.log2(p)) : Infinity;
}

/**
 * Null where nothing is known about the token.
 * @param {Measure} measure
 * @param {{ p: number | null, entropy: number | null }} about the token's raw probability, and the entropy in its place
 */
export function tintLevel(measure, { p, entropy }) {
  if (measure === "entropy") return entropy === null ? null : level(entropy);
  if (p === null) return null;
  return level(measure === "surprisal" ? surprisalBits(p) : (1 - p) * LEVELS);
}

/** @param {number} value */
function level(value) {
  return Math.min(LEVELS - 1, Math.max(0, Math.floor(value)));
}
