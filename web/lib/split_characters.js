// Tokens that are only part of a character. A token alone shows its bytes; together they are text.

/** @typedef {{ text: string, display: string }} Spelled a token's lossy text, and its form with broken bytes written out */
/** @typedef {{ text: string, part: number, of: number, makes: string }} Joined the whole text stands at part 0; `makes` are the characters that no token has alone */

const REPLACEMENT = "\uFFFD";

/**
 * What to show for the tokens that share characters, by index. All others show their own text.
 * @param {readonly Spelled[]} tokens
 */
export function joinSplit(tokens) {
  const joined = new Map(/** @type {[number, Joined][]} */ ([]));
  for (let start = 0; start < tokens.length; start += 1) {
    if (!tokens[start]?.text.includes(REPLACEMENT)) continue;
    const first = /** @type {Spelled} */ (tokens[start]);
    // Nearly all tokens are whole, and a step asks about thousands of them.
    if (!first.text.endsWith(REPLACEMENT)) continue;
    /** @type {number[]} */
    let bytes = [...bytesOf(first)];
    let end = start + 1;
    const borders = [];
    for (let missing = missingBytes(bytes); missing > 0 && end < tokens.length; missing = missingBytes(bytes), end += 1) {
      const next = bytesOf(/** @type {Spelled} */ (tokens[end]));
      if (!isContinuation(next[0])) break;
      borders.push(bytes.length);
      bytes = [...bytes, ...next];
    }
    if (end === start + 1) continue;
    const text = new TextDecoder().decode(new Uint8Array(bytes));
    const makes = acrossBorders(text, borders);
    for (let index = start; index < end; index += 1) joined.set(index, { text: index === start ? text : "", part: index - start, of: end - start, makes });
    start = end - 1;
  }
  return joined;
}

/**
 * "part 2 of 3 of 🎉"
 * @param {Joined} joined
 */
export function partText({ part, of, makes }) {
  return `part ${part + 1} of ${of} of ${makes}`;
}

/**
 * Which of the tokens from `first` to before `end` share characters, and what of them is drawn, for lists
 * that draw only what changed.
 * @param {ReadonlyMap<number, Joined>} joined
 * @param {number} first
 * @param {number} end
 */
export function partsIn(joined, first, end) {
  return [...joined].filter(([index]) => index >= first && index < end).map(([index, { text, part, of }]) => `${index} ${part}/${of} ${text}`).join();
}

/**
 * The characters that begin before and end after a border between tokens.
 * @param {string} text
 * @param {readonly number[]} borders in bytes
 */
function acrossBorders(text, borders) {
  const encoder = new TextEncoder();
  let [start, across] = [0, ""];
  for (const character of text) {
    const end = start + encoder.encode(character).length;
    if (borders.some((border) => border > start && border < end)) across += character;
    start = end;
  }
  return across;
}

/**
 * The bytes of a token: those of its text, and those that its display form writes as ⟨F0 9F⟩ where
 * the text has replacement characters.
 * @param {Spelled} token
 */
function bytesOf({ text, display }) {
  const groups = [...display.matchAll(/⟨([0-9A-F]{2}(?: [0-9A-F]{2})*)⟩/g)].map((match) => (match[1] ?? "").split(" ").map((byte) => parseInt(byte, 16)));
  const encoder = new TextEncoder();
  return text.split(/(\uFFFD+)/).flatMap((part) => (part.startsWith(REPLACEMENT) ? (groups.shift() ?? []) : [...encoder.encode(part)]));
}

/**
 * How many bytes the character at the end still lacks.
 * @param {readonly number[]} bytes
 */
function missingBytes(bytes) {
  let tail = 0;
  while (tail < 3 && isContinuation(bytes.at(-1 - tail))) tail += 1;
  const lead = bytes.at(-1 - tail) ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return length === 1 ? 0 : length - 1 - tail;
}

/** @param {number | undefined} byte */
function isContinuation(byte) {
  return byte !== undefined && byte >= 0x80 && byte < 0xc0;
}
