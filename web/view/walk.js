// Up and down go from row to row, or from token to token. Left and right have their meaning everywhere.

/**
 * A key handler for the list.
 * @param {string} selector what has the focus in turn
 */
export function walkOn(selector) {
  return (/** @type {KeyboardEvent & { currentTarget: HTMLElement }} */ event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (!step || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    const stops = [...event.currentTarget.querySelectorAll(selector)];
    const index = stops.indexOf(/** @type {Element} */ (event.target));
    const next = index >= 0 ? stops[index + step] : null;
    if (!next) return;
    event.preventDefault();
    /** @type {HTMLElement} */ (next).focus();
  };
}
