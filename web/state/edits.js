// Every change of the session that people make goes through here, so that all of them can be undone.

import { batch } from "@preact/signals";
import { holdNow } from "./hand.js";
import { record } from "./history.js";
import * as store from "./store.js";

/** @import { Session } from "../types/app" */

/** The label of letters, deletions and all else that is done to a text by keys. */
export const TYPING = "typing";

/** Letters that follow each other sooner than this are one edit. */
const PAUSE_MS = 1500;

let runs = 0;
let last = { what: "", hold: /** @type {number | null} */ (null), at: -Infinity, run: "" };

/**
 * Returns false if nothing changed.
 * @param {string} label what it was, in words that go on after "Undo:"
 * @param {(session: Session) => Session} change
 * @param {string | null} [run]
 */
export function edit(label, change, run = null) {
  const before = store.session.value;
  const after = change(before);
  if (after === before) return false;
  batch(() => {
    store.history.value = record(store.history.value, before, { label, run });
    store.session.value = after;
  });
  return true;
}

/** A name for edits that are undone together. */
export function newRun() {
  runs += 1;
  // Names of an earlier visit may still be in the history.
  return `${Date.now()}-${runs}`;
}

/**
 * The run that typing or dragging belongs to: the one before, unless something else was edited or
 * there was a pause. As long as a slider is held, a pause ends nothing.
 * @param {string} what
 */
export function typingRun(what) {
  const [at, hold] = [performance.now(), holdNow()];
  const goesOn = last.what === what && last.hold === hold && (hold !== null || at - last.at < PAUSE_MS);
  last = { what, hold, at, run: goesOn ? last.run : newRun() };
  return last.run;
}
