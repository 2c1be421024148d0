// Tokens that are only part of a character. A token alone shows its bytes; together they are text.

/** @typedef {{ text: string, display: string }} Spelled a token's lossy text, and its form with broken bytes written out */
/** @typedef {{ text: string, part: number, of: number }} Joined the whole text stands at part 0 */

const REPLACEMENT = "\uFFFD";

/**
 * What to show for the tokens that share characters, by index. All others show their own text.
 * @param {readonly Spelled[]} tokens
 */
export function joinSplit(tokens) {
  const joined = new Map(/** @type {[number, Joined][]} */ ([]));
  for (let start = 0; start < tokens.length; start += 1) {
    if (!tokens[start]?.text.includes(REPLACEMENT)) continue;
    /** @type {number[]} */
    let bytes = [...bytesOf(/** @type {Spelled} */ (tokens[start]))];
    let end = start + 1;
    for (let missing = missingBytes(bytes); missing > 0 && end < tokens.length; missing = missingBytes(bytes), end += 1) {
      const next = bytesOf(/** @type {Spelled} */ (tokens[end]));
      if (!isContinuation(next[0])) break;
      bytes = [...bytes, ...next];
    }
    if (end === start + 1) continue;
    const text = new TextDecoder().decode(new Uint8Array(bytes));
    for (let index = start; index < end; index += 1) joined.set(index, { text: index === start ? text : "", part: index - start, of: end - start });
    start = end - 1;
  }
  return joined;
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
