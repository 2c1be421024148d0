// What people do to the constraint. It is one for all branches.

import { batch } from "@preact/signals";
import { plural } from "../lib/format.js";
import { anchorIndex, kinds } from "./constraint.js";
import { chooseAnchor, keepAnchors, leaveAnchors, resumeAnchors } from "./constraint_anchor.js";
import { requestCheck } from "./constraint_check.js";
import { bringBack, chooseKind, editText, takeExample } from "./constraint_texts.js";
import { followPreview, requestPreview, TYPING_MS } from "./preview.js";
import { lastNode } from "./session.js";
import * as store from "./store.js";

/** @import { ConstraintExample } from "../types/wire" */
/** @import { ConstraintTexts } from "../types/app" */

/**
 * In the midst of a completion the grammar counts from here, since nothing before was written for it.
 * @param {boolean} on
 */
export function enableConstraint(on) {
  batch(() => {
    if (on) resumeAnchors();
    else leaveAnchors();
    store.constraintOn.value = on;
  });
  requestCheck();
  sampleAnew();
  const before = store.completion.value.length;
  if (on && before > 0 && anchorIndex.value === before)
    store.message.value = `The grammar counts from here on: it does not look at the ${plural(before, "token")} before.`;
}

/** @param {string} kind */
export function chooseConstraintKind(kind) {
  write(chooseKind(store.constraintTexts.value, kind, kinds.value));
}

/** @param {string} text */
export function typeConstraint(text) {
  write(editText(store.constraintTexts.value, text, kinds.value), TYPING_MS);
}

/** @param {ConstraintExample} example */
export function chooseExample(example) {
  if (store.catalog.value) write(takeExample(store.constraintTexts.value, example, store.catalog.value.constraint));
}

/** Undoes what an example has done to the text. */
export function bringTextBack() {
  if (store.catalog.value) write(bringBack(store.constraintTexts.value, store.catalog.value.constraint));
}

/** @param {"single" | "flexible"} whitespace */
export function setWhitespace(whitespace) {
  if (store.constraintOn.value) keepAnchors();
  store.constraintWhitespace.value = whitespace;
  look(0);
}

/** The grammar counts from the end of the completion as it is now. */
export function countFromHere() {
  chooseAnchor(lastNode(store.session.value));
  sampleAnew();
}

export function countFromStart() {
  chooseAnchor(null);
  sampleAnew();
}

/**
 * @param {ConstraintTexts} texts
 * @param {number} [delayMs]
 */
function write(texts, delayMs = 0) {
  if (store.constraintOn.value) keepAnchors();
  store.constraintTexts.value = texts;
  look(delayMs);
}

/** @param {number} delayMs */
function look(delayMs) {
  requestCheck(delayMs);
  if (store.constraintOn.value) sampleAnew(delayMs);
}

/** @param {number} [delayMs] */
function sampleAnew(delayMs = 0) {
  batch(() => {
    store.failure.value = null;
    store.message.value = "";
  });
  if (delayMs > 0) requestPreview(delayMs);
  else followPreview();
}
