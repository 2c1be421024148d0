// Where a row or a token that had the focus is replaced, the focus would fall back to the page, and
// people without a mouse would start over. This hook hands it to what stands in the same place now.

import { useLayoutEffect } from "preact/hooks";

let moving = false;

/** True while this hook moves the focus: nobody went there. */
export function isMovingFocus() {
  return moving;
}

/**
 * @param {{ current: HTMLElement | null }} list
 * @param {string} selector the elements of the list that may have the focus
 */
export function useKeepFocus(list, selector) {
  // Rendering has not touched the document yet, so this is the focus before the change.
  const focus = document.activeElement;
  const index = focus && list.current?.contains(focus) ? [...list.current.querySelectorAll(selector)].indexOf(focus) : -1;
  useLayoutEffect(() => {
    if (index < 0 || list.current?.contains(document.activeElement)) return;
    const elements = list.current?.querySelectorAll(selector) ?? [];
    const heir = elements[Math.min(index, elements.length - 1)];
    moving = true;
    if (heir) /** @type {HTMLElement} */ (heir).focus();
    moving = false;
  });
}
