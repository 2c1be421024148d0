// The keys of a combobox: a text field with a list under it. The text cursor keeps the keys that
// the list does not need, so only these four have a second meaning.

/** @typedef {{ open: boolean, active: number }} ListState `active` is -1 while the field itself is meant */

/** @type {Readonly<ListState>} */
export const CLOSED = { open: false, active: -1 };

/**
 * The list after a key, and whether the key picks its active option. Null: the key keeps its usual
 * meaning.
 * @param {ListState} list
 * @param {string} key
 * @param {number} count of options
 * @returns {ListState & { pick: boolean } | null}
 */
export function pressKey(list, key, count) {
  if (key === "Escape") return list.open ? { ...CLOSED, pick: false } : null;
  if (key === "Enter") return list.open && list.active >= 0 && list.active < count ? { ...CLOSED, active: list.active, pick: true } : null;
  if (count === 0 || (key !== "ArrowDown" && key !== "ArrowUp")) return null;
  const step = key === "ArrowDown" ? 1 : -1;
  // The field itself is a stop between the last option and the first.
  const from = list.open ? list.active : -1;
  const stops = count + 1;
  return { open: true, active: ((from + 1 + step + stops) % stops) - 1, pick: false };
}
