// Long lists of tokens are drawn in chunks, of which only those are drawn again that changed: after
// a step that is the last one, whether there are ten tokens or ten thousand.

import { useRef } from "preact/hooks";
import { h } from "../html.js";

const SIZE = 64;

/**
 * `about` tells what else, apart from the items, the drawing of a range depends on; equal values
 * draw alike.
 * @template T
 * @param {readonly T[]} items
 * @param {(first: number, end: number) => readonly unknown[]} about
 * @param {(item: T, index: number) => any} draw
 */
export function inChunks(items, about, draw) {
  const chunks = [];
  for (let first = 0; first < items.length; first += SIZE) {
    const part = items.slice(first, first + SIZE);
    chunks.push(h(Chunk, { key: `c${first}`, items: part, first, about: about(first, first + part.length), draw }));
  }
  return chunks;
}

/** @param {{ items: readonly any[], first: number, about: readonly unknown[], draw: (item: any, index: number) => any }} props */
function Chunk({ items, first, about, draw }) {
  const last = useRef(/** @type {{ items: readonly unknown[], about: readonly unknown[], drawn: any } | null} */ (null));
  if (!last.current || !isSame(last.current.items, items) || !isSame(last.current.about, about))
    last.current = { items, about, drawn: items.map((item, offset) => draw(item, first + offset)) };
  return last.current.drawn;
}

/**
 * @param {readonly unknown[]} a
 * @param {readonly unknown[]} b
 */
function isSame(a, b) {
  return a.length === b.length && a.every((value, index) => value === b[index]);
}
