// A list that shows its end goes on showing it when it grows, and when its box shrinks.

import { useLayoutEffect, useRef } from "preact/hooks";

/** Scroll positions are fractions on some screens. */
const CLOSE_PX = 4;

/**
 * @param {{ current: HTMLElement | null }} list
 * @param {boolean} wanted
 * @param {unknown[]} news what brings the list to its end when it changes
 */
export function usePinnedEnd(list, wanted, news) {
  const atEnd = useRef(true);
  useLayoutEffect(() => {
    atEnd.current = true;
    if (!wanted) return;
    // With the frame, which lays the list out anyway: here it would be laid out once more, before the
    // rest of the page has changed.
    const frame = requestAnimationFrame(() => {
      if (list.current) list.current.scrollTop = list.current.scrollHeight;
    });
    return () => cancelAnimationFrame(frame);
  }, [wanted, ...news]);
  useLayoutEffect(() => {
    const element = list.current;
    if (!element || !wanted) return;
    let height = element.clientHeight;
    // Shrinking scrolls nothing, but some browsers tell of it as of a scroll.
    const onScroll = () => {
      if (element.clientHeight === height) atEnd.current = element.scrollHeight - element.scrollTop - height <= CLOSE_PX;
    };
    const observer = new ResizeObserver(() => {
      height = element.clientHeight;
      if (atEnd.current) element.scrollTop = element.scrollHeight;
    });
    observer.observe(element);
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", onScroll);
    };
  }, [list.current, wanted]);
}
