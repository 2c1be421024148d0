// What a pointer or the focus on a token asks: where did it come from? Fingers have no hover; what
// they tap stays painted until they let go.

import { aim, leave } from "../state/actions.js";
import { isMovingFocus } from "./keep_focus.js";
import { isStill } from "./still_pointer.js";

/** @import { Target } from "../types/app" */

/** @typedef {FocusEvent & { currentTarget: HTMLElement }} FocusOn */

/**
 * Event handlers for whatever shows the target; null shows nothing that can be asked about.
 * @param {Target | null} target
 */
export function aimHandlers(target) {
  if (!target) return {};
  return {
    onPointerEnter: (/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && !isStill(event) && aim(target),
    onPointerLeave: (/** @type {PointerEvent} */ event) => event.pointerType === "mouse" && leave(),
    onFocus: (/** @type {FocusOn} */ { currentTarget }) => !isMovingFocus() && currentTarget.matches(":focus-visible") && aim(target),
    onBlur: () => leave(),
  };
}
