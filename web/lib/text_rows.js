// How many rows a text field needs, where the browser cannot make a field as high as its text.

/** About as many letters as a field of the inputs column has beside each other. */
const LETTERS = 26;

/**
 * @param {string} text
 * @param {number} least
 * @param {number} most
 */
export function rowsFor(text, least, most) {
  const rows = text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / LETTERS)), 0);
  return Math.min(most, Math.max(least, rows));
}
