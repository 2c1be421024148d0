// Rows that are mostly out of sight change after those above them, some in each frame: fifty rows at
// once would keep the browser from answering for longer than it should.

import { useEffect, useRef, useState } from "preact/hooks";
import { h } from "../html.js";
import { isSame } from "../lib/same.js";

/** @import { Distribution as Dist } from "../types/wire" */

/** Rows that change at once: as many as a window of middle height shows. */
export const AT_ONCE = 16;

/** Rows of each later frame. */
const PER_FRAME = 17;

/** @typedef {{ dist: Dist | null, about: readonly unknown[], drawn: any }} Drawn */

/**
 * The rows from `first` on. `about` tells what else, apart from the distribution, the drawing depends
 * on; equal values draw alike.
 * @param {{ dist: Dist, first: number, about: readonly unknown[], draw: (dist: Dist, first: number, end: number) => any }} props
 */
export function LaterRows({ dist, first, about, draw }) {
  const [reached, setReached] = useState(/** @type {Dist | null} */ (null));
  const last = useRef(/** @type {Drawn} */ ({ dist: null, about: [], drawn: null }));
  const end = first + PER_FRAME;
  // Runs when the others have been painted.
  useEffect(() => setReached(dist), [dist]);
  if (reached === dist && (last.current.dist !== dist || !isSame(last.current.about, about))) last.current = { dist, about, drawn: draw(dist, first, end) };
  // Those after these wait for these.
  const { dist: drawn } = last.current;
  const more = drawn !== null && Math.max(drawn.tokens.length, dist.tokens.length) > end;
  return [last.current.drawn, more && h(LaterRows, { key: "more", dist: drawn, first: end, about, draw })];
}
