// Long lists of tokens are drawn in chunks, of which only those are drawn again that changed: after
// a step that is the last one, whether there are ten tokens or ten thousand.

import { useRef } from "preact/hooks";
import { h } from "../html.js";
import { isSame } from "../lib/same.js";

const SIZE = 64;

/** @typedef {{ first: number, end: number }} Range */

const ALL = { first: 0, end: Infinity };

/**
 * `about` tells what else, apart from the items, the drawing of a range depends on; equal values
 * draw alike. Chunks without an item in `range` are left out: `before` and `after` count their items.
 * @template T
 * @param {readonly T[]} items
 * @param {(first: number, end: number) => readonly unknown[]} about
 * @param {(item: T, index: number) => any} draw
 * @param {{ range?: Range, wrap?: (drawn: any) => any }} [how]
 */
export function inChunks(items, about, draw, { range = ALL, wrap = (drawn) => drawn } = {}) {
  const chunks = [];
  let [before, after] = [0, 0];
  for (let first = 0; first < items.length; first += SIZE) {
    const end = Math.min(first + SIZE, items.length);
    if (end <= range.first) before += end - first;
    else if (first >= range.end) after += end - first;
    else chunks.push(h(Chunk, { key: `c${first}`, items: items.slice(first, end), first, about: about(first, end), draw, wrap }));
  }
  return { chunks, before, after };
}

/** @param {{ items: readonly any[], first: number, about: readonly unknown[], draw: (item: any, index: number) => any, wrap: (drawn: any) => any }} props */
function Chunk({ items, first, about, draw, wrap }) {
  const last = useRef(/** @type {{ items: readonly unknown[], about: readonly unknown[], drawn: any } | null} */ (null));
  if (!last.current || !isSame(last.current.items, items) || !isSame(last.current.about, about))
    last.current = { items, about, drawn: wrap(items.map((item, offset) => draw(item, first + offset))) };
  return last.current.drawn;
}
