// Whether two lists hold the same things in the same order.

/**
 * @param {readonly unknown[]} a
 * @param {readonly unknown[]} b
 */
export function isSame(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
