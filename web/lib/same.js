// Whether two values are the same.

/**
 * Whether two lists hold the same things in the same order.
 * @param {readonly unknown[]} a
 * @param {readonly unknown[]} b
 */
export function isSame(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}

/**
 * Whether two values, of those that JSON can say, say the same.
 * @param {unknown} a
 * @param {unknown} b
 * @returns {boolean}
 */
export function isEqual(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), /** @type {Record<string, unknown>} */ (b)];
  return left.length === Object.keys(b).length && left.every(([name, value]) => Object.hasOwn(b, name) && isEqual(value, right[name]));
}
