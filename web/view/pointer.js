// A click with a pointer leaves no focus behind: Space would press the same button again instead of
// playing. Who tabs to a button keeps the focus there.

import { hideHistory } from "./history_aim.js";
import { hideDetail } from "./row_detail.js";

/** @param {Document} document */
export function listenToPointer(document) {
  document.addEventListener("click", (event) => {
    if (event.detail === 0 || !(event.target instanceof Element)) return;
    const pressed = event.target.closest(".stage button, .controls button");
    if (pressed) /** @type {HTMLElement} */ (pressed).blur();
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.target instanceof Element && !event.target.closest(".detail, .row-item")) hideDetail();
    if (event.target instanceof Element && !event.target.closest(".history, [data-index]")) hideHistory();
  });
}
