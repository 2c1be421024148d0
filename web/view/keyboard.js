// Keys that work wherever the focus is, except where keys already mean something.

import { deleteLast, forkBranch, redo, releaseHeat, startRenaming, step, toggleKeep, togglePlay, undo } from "../state/actions.js";
import { dialogOpen, drawerOpen } from "../state/store.js";
import { hideDetail } from "./row_detail.js";

/** Where a letter is text. */
const TEXT = "textarea, [contenteditable], input:not([type=checkbox], [type=radio], [type=range])";

/** @param {Element | null} focus */
export function isText(focus) {
  return focus?.closest(TEXT) != null;
}

/** @param {Document} document */
export function listenToKeys(document) {
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented) return;
    const travel = travelOf(event);
    // In a text field these keys belong to the text.
    if (travel && !drawerOpen.value && !dialogOpen.value && !isText(/** @type {Element} */ (event.target))) {
      event.preventDefault();
      return travel();
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
    // Behind the drawer or the table nobody sees what a key does.
    if (drawerOpen.value || dialogOpen.value) return;
    if (event.key === "Escape") {
      hideDetail();
      return releaseHeat();
    }
    if (event.key === "F2") {
      event.preventDefault();
      return startRenaming();
    }
    const focus = event.target instanceof Element ? event.target : null;
    // Whoever has just chosen a method still has the focus in the list of methods.
    if (event.key === "k" && !isText(focus) && toggleKeep()) return event.preventDefault();
    if (focus?.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "ArrowRight") void step();
    else if (event.key === "ArrowLeft") deleteLast();
    else if (event.key === "b") forkBranch();
    else if (event.key === " " && !focus?.closest("button, a, summary")) togglePlay();
    else return;
    event.preventDefault();
  });
}

/**
 * @param {KeyboardEvent} event
 */
function travelOf({ key, ctrlKey, metaKey, altKey, shiftKey }) {
  if (altKey || !(ctrlKey || metaKey)) return null;
  if (key.toLowerCase() === "z") return shiftKey ? redo : undo;
  return key.toLowerCase() === "y" && !shiftKey ? redo : null;
}
