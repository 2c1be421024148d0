// Rows that are mostly out of sight change a frame after those above them: fifty rows at once would
// keep the browser from answering for longer than it should.

import { useEffect, useRef, useState } from "preact/hooks";
import { isSame } from "../lib/same.js";

/** @import { Distribution as Dist } from "../types/wire" */

/** Rows that change at once: as many as a window of middle height shows. */
export const AT_ONCE = 20;

/** @typedef {{ dist: Dist | null, about: readonly unknown[], drawn: any }} Drawn */

/**
 * `about` tells what else, apart from the distribution, the drawing depends on; equal values draw
 * alike.
 * @param {{ dist: Dist, about: readonly unknown[], draw: (dist: Dist) => any }} props
 */
export function LaterRows({ dist, about, draw }) {
  const [reached, setReached] = useState(/** @type {Dist | null} */ (null));
  const last = useRef(/** @type {Drawn} */ ({ dist: null, about: [], drawn: null }));
  // Runs when the others have been painted.
  useEffect(() => setReached(dist), [dist]);
  if (reached === dist && (last.current.dist !== dist || !isSame(last.current.about, about))) last.current = { dist, about, drawn: draw(dist) };
  return last.current.drawn;
}
