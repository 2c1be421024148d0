// Which generated token people look at, by pointer, focus or finger: the card of its past opens
// there. Lists of tokens listen once, for all of their tokens.

import { signal } from "@preact/signals";
import * as store from "../state/store.js";
import { isMovingFocus } from "./keep_focus.js";
import { isStill } from "./still_pointer.js";

/** @typedef {"hover" | "focus" | "tap"} Cause */
/** @import { NodeId, Point } from "../types/app" */

/** @typedef {{ index: number, node: NodeId, anchor: HTMLElement, cause: Cause, point: Point | null }} Look `point` is where a pointer came to the token */

/** A pointer on its way across the tokens asks for nothing. */
const SHOW_MS = 150;
/** The card is a gap away from its token. */
const HIDE_MS = 120;

export const look = signal(/** @type {Look | null} */ (null));
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
/** Where a finger came down last; null after a press by anything else. */
let finger = /** @type {Point | null} */ (null);
let returning = false;

/**
 * @param {number} index
 * @param {HTMLElement} anchor
 * @param {Cause} cause
 * @param {Point | null} [point]
 */
function show(index, anchor, cause, point = null) {
  clearTimeout(timer);
  // While tokens come, they are not there long enough to be read about.
  const node = store.completion.value[index];
  if (node && !store.playing.value && !store.stepping.value) look.value = { index, node: node.id, anchor, cause, point };
}

export function hideHistory() {
  clearTimeout(timer);
  look.value = null;
}

/** The pointer has come to the card. */
export function stayOpen() {
  clearTimeout(timer);
}

export function hideSoon() {
  clearTimeout(timer);
  if (look.value?.cause === "hover") timer = setTimeout(hideHistory, HIDE_MS);
}

/**
 * Gives the focus to the card's first alternative.
 * @param {number} index
 * @param {HTMLElement} anchor
 */
export function enterHistory(index, anchor) {
  show(index, anchor, "focus");
  // The card of a token that has just been pressed is drawn first.
  setTimeout(() => /** @type {HTMLElement | null} */ (document.querySelector("#history button"))?.focus());
}

/** Closes the card and gives the focus back to its token, which does not open it again. @param {HTMLElement} anchor */
export function leaveHistory(anchor) {
  hideHistory();
  returning = true;
  anchor.focus();
  returning = false;
}

/**
 * True if the press came from a finger, which cannot look before it presses: it opens the card.
 * @param {number} index
 * @param {HTMLElement} anchor
 */
export function tapHistory(index, anchor) {
  const point = finger;
  finger = null;
  if (!point) return false;
  if (look.value?.index === index && look.value.cause === "tap") hideHistory();
  else show(index, anchor, "tap", point);
  return true;
}

/** @param {Event} event */
function tokenAt({ target }) {
  const anchor = target instanceof Element ? /** @type {HTMLElement | null} */ (target.closest("[data-index]")) : null;
  return anchor ? { anchor, index: Number(anchor.dataset["index"]) } : null;
}

/** Event handlers for a list whose generated tokens have their place as `data-index`. */
export const historyHandlers = {
  onPointerDown: (/** @type {PointerEvent} */ { pointerType, clientX, clientY }) => void (finger = pointerType === "touch" ? { x: clientX, y: clientY } : null),
  onPointerOver: (/** @type {PointerEvent} */ event) => {
    const token = tokenAt(event);
    if (event.pointerType !== "mouse" || !token || isStill(event) || look.value?.cause === "tap") return;
    clearTimeout(timer);
    const point = { x: event.clientX, y: event.clientY };
    timer = setTimeout(() => show(token.index, token.anchor, "hover", point), SHOW_MS);
  },
  onPointerOut: (/** @type {PointerEvent} */ event) => {
    if (event.pointerType !== "mouse") return;
    clearTimeout(timer);
    hideSoon();
  },
  onFocusIn: (/** @type {FocusEvent} */ event) => {
    const token = tokenAt(event);
    if (token && !returning && !isMovingFocus() && token.anchor.matches(":focus-visible")) show(token.index, token.anchor, "focus");
  },
  onFocusOut: (/** @type {FocusEvent} */ { relatedTarget }) => {
    const toCard = relatedTarget instanceof Element && relatedTarget.closest("#history");
    if (!toCard && look.value?.cause === "focus") hideHistory();
  },
};
