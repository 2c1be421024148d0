// How many rows of a list are out of sight: a list that ends at its frame does not look as if it went on.

import { useLayoutEffect, useState } from "preact/hooks";

/**
 * @param {{ current: HTMLElement | null }} list
 * @param {number} count of rows, all of one height
 */
export function useMoreRows(list, count) {
  const [more, setMore] = useState({ above: 0, below: 0 });
  useLayoutEffect(() => {
    const element = list.current;
    if (!element) return;
    const look = () => {
      const { scrollTop, clientHeight, scrollHeight } = element;
      const rows = (/** @type {number} */ pixels) => Math.max(0, Math.round((pixels / scrollHeight) * count)) || 0;
      const seen = { above: rows(scrollTop), below: rows(scrollHeight - scrollTop - clientHeight) };
      setMore((known) => (known.above === seen.above && known.below === seen.below ? known : seen));
    };
    const observer = new ResizeObserver(look);
    observer.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, [list.current, count]);
  return more;
}
