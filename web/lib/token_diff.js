// What two sequences of tokens, or the words of two texts, have in common: a longest common subsequence.

/** @typedef {{ text: string, apart: boolean }} WordPart a word or what is between words; `apart` where the other text has something else */
/** @typedef {{ kind: "same" | "first" | "second", first: number | null, second: number | null }} DiffPart places in both; null where the token is only in the other */

/** Products of lengths beyond this would take longer than a person waits, and tell no more. */
const MOST_CELLS = 4_000_000;

/**
 * The tokens of both in one order, as few of them apart as possible; where they differ, those of the
 * first come first.
 * @param {readonly number[]} first
 * @param {readonly number[]} second
 * @returns {DiffPart[]}
 */
export function diffTokens(first, second) {
  const head = commonPrefix(first, second);
  const most = Math.min(first.length, second.length) - head;
  let tail = 0;
  while (tail < most && first.at(-1 - tail) === second.at(-1 - tail)) tail += 1;
  const [rows, columns] = [first.length - head - tail, second.length - head - tail];
  /** @type {DiffPart[]} */
  const parts = [];
  const same = (/** @type {number} */ a, /** @type {number} */ b) => parts.push({ kind: "same", first: a, second: b });
  for (let index = 0; index < head; index += 1) same(index, index);
  const lengths = rows * columns > MOST_CELLS ? null : commonLengths(first.slice(head, head + rows), second.slice(head, head + columns));
  let [row, column] = [0, 0];
  while (row < rows || column < columns) {
    const [a, b] = [head + row, head + column];
    const at = (/** @type {number} */ r, /** @type {number} */ c) => lengths?.[r * (columns + 1) + c] ?? 0;
    if (lengths && row < rows && column < columns && first[a] === second[b]) {
      same(a, b);
      [row, column] = [row + 1, column + 1];
    } else if (row < rows && (column === columns || at(row + 1, column) >= at(row, column + 1))) {
      parts.push({ kind: "first", first: a, second: null });
      row += 1;
    } else {
      parts.push({ kind: "second", first: null, second: b });
      column += 1;
    }
  }
  for (let index = tail; index > 0; index -= 1) same(first.length - index, second.length - index);
  return parts;
}

/**
 * The words of two texts, and which of them differ.
 * @param {string} first
 * @param {string} second
 * @returns {WordPart[][]}
 */
export function diffWords(first, second) {
  const numbers = new Map(/** @type {[string, number][]} */ ([]));
  const words = [first, second].map((text) => text.match(/\s+|[\p{L}\p{N}\p{M}]+|[^\s\p{L}\p{N}]/gu) ?? []);
  for (const word of words.flat()) if (!numbers.has(word)) numbers.set(word, numbers.size);
  const [a = [], b = []] = words.map((list) => list.map((word) => numbers.get(word) ?? -1));
  const parts = diffTokens(a, b);
  return words.map((list, side) => parts.flatMap((part) => {
    const text = list[(side === 0 ? part.first : part.second) ?? -1];
    return text === undefined ? [] : [{ text, apart: part.kind !== "same" }];
  }));
}

/**
 * How many tokens both begin with.
 * @param {readonly number[]} first
 * @param {readonly number[]} second
 */
export function commonPrefix(first, second) {
  let length = 0;
  while (length < first.length && length < second.length && first[length] === second[length]) length += 1;
  return length;
}

/**
 * For each pair of places, the length of the longest common subsequence of what follows both.
 * @param {readonly number[]} first
 * @param {readonly number[]} second
 */
function commonLengths(first, second) {
  const width = second.length + 1;
  const lengths = new Uint16Array((first.length + 1) * width);
  for (let row = first.length - 1; row >= 0; row -= 1)
    for (let column = second.length - 1; column >= 0; column -= 1) {
      const [below, right, both] = [(row + 1) * width + column, row * width + column + 1, (row + 1) * width + column + 1];
      lengths[row * width + column] = first[row] === second[column] ? (lengths[both] ?? 0) + 1 : Math.max(lengths[below] ?? 0, lengths[right] ?? 0);
    }
  return lengths;
}
