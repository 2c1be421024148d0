// Which rows of a long scrolling list are drawn: those that can be seen, and some around them. All
// rows are of one height. Short lists are drawn whole.

import { useLayoutEffect, useState } from "preact/hooks";

/** From so many rows on it is worth it. */
const MANY = 256;
/** Rows above and below, so that arrows and quick scrolling find them there. */
const AROUND = 48;

/** @typedef {{ first: number, end: number, height: number }} Rows */

/**
 * @param {{ current: HTMLElement | null }} list
 * @param {string} selector of a row
 * @param {number} count
 * @returns {Rows} the end is infinite where the list is drawn to its end, which may grow
 */
export function useWindow(list, selector, count) {
  const [rows, setRows] = useState(/** @type {Rows} */ ({ first: Math.max(0, count - MANY), end: Infinity, height: 24 }));
  useLayoutEffect(() => {
    const element = list.current;
    if (!element || count <= MANY) return;
    const update = () => {
      const height = element.querySelector(selector)?.getBoundingClientRect().height || 24;
      const first = Math.floor(element.scrollTop / height) - AROUND;
      const end = Math.ceil((element.scrollTop + element.clientHeight) / height) + AROUND;
      setRows((known) => settled(known, { first: Math.max(0, first), end: end >= count ? Infinity : end, height }));
    };
    // It calls once at the beginning, too, when the list has been laid out.
    const observer = new ResizeObserver(update);
    observer.observe(element);
    element.addEventListener("scroll", update, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", update);
    };
  }, [list.current, count]);
  return count <= MANY ? { first: 0, end: Infinity, height: rows.height } : rows;
}

/**
 * Scrolling a little draws nothing anew.
 * @param {Rows} known
 * @param {Rows} next
 */
function settled(known, next) {
  const close = (/** @type {number} */ a, /** @type {number} */ b) => a === b || Math.abs(a - b) < AROUND / 2;
  return close(known.first, next.first) && close(known.end, next.end) && known.height === next.height ? known : next;
}
