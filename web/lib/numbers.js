// Reading numbers that people typed.

/**
 * @param {number} value
 * @param {number} low
 * @param {number} high
 */
export function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

/**
 * A finite number, or null while the text is not one yet ("", "-", "1e").
 * @param {string} text
 */
export function parseNumber(text) {
  const trimmed = text.trim();
  if (trimmed === "") return null;
  const value = Number(trimmed);
  return Number.isFinite(value) ? value : null;
}

/**
 * A whole number that JSON carries without loss, or null.
 * @param {string} text
 */
export function parseInteger(text) {
  const value = parseNumber(text);
  return value !== null && Number.isSafeInteger(value) ? value : null;
}

/**
 * The whole number in [low, high] nearest to what was typed; `fallback` when it is no number.
 * @param {string} text
 * @param {number} low
 * @param {number} high
 * @param {number} fallback
 */
export function toBoundedInteger(text, low, high, fallback) {
  const value = parseNumber(text);
  return value === null ? fallback : clamp(Math.round(value), low, high);
}
