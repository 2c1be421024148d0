// A memory of the values used last.

/**
 * @template T
 * @param {number} limit how many are remembered
 */
export function createRecent(limit) {
  /** Oldest first. */
  const values = new Map(/** @type {[string, T][]} */ ([]));
  const set = (/** @type {string} */ key, /** @type {T} */ value) => {
    values.delete(key);
    values.set(key, value);
    const [oldest] = values.keys();
    if (values.size > limit && oldest !== undefined) values.delete(oldest);
  };
  const get = (/** @type {string} */ key) => {
    const value = values.get(key);
    if (value !== undefined) set(key, value);
    return value;
  };
  return { get, set };
}
