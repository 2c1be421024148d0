// What every edit of the session does beside the edit: it ends playback, and the answer of a step
// under way belongs to the text before it.

import { dropHeat, settleHeat } from "./attribution.js";
import { anchorNow, tellLostAnchor } from "./constraint_anchor.js";
import { edit } from "./edits.js";
import { showKnownInput } from "./input_tokens.js";
import { pause } from "./playback.js";
import { requestPreview } from "./preview.js";
import { abortStep } from "./stepping.js";
import * as store from "./store.js";

/** @import { Session } from "../types/app" */

/**
 * Returns false, and leaves everything as it is, if there is nothing to change.
 * @param {string} label
 * @param {(session: Session) => Session} how
 */
export function change(label, how) {
  if (how(store.session.value) === store.session.value) return false;
  interrupt();
  const anchor = anchorNow();
  edit(label, how);
  tellLostAnchor(anchor);
  settle();
  return true;
}

export function interrupt() {
  pause();
  abortStep();
  dropHeat();
  store.message.value = "";
  store.failure.value = null;
}

/** After the session became another one. */
export function settle() {
  showKnownInput();
  settleHeat();
  requestPreview();
}
