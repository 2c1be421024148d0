// What people do to the constraint. It is one for all branches.

import { batch } from "@preact/signals";
import { kinds } from "./constraint.js";
import { requestCheck } from "./constraint_check.js";
import { bringBack, chooseKind, editText, takeExample } from "./constraint_texts.js";
import { followPreview, requestPreview, TYPING_MS } from "./preview.js";
import { lastNode } from "./session.js";
import * as store from "./store.js";

/** @import { ConstraintExample } from "../types/wire" */
/** @import { ConstraintTexts } from "../types/app" */

/** @param {boolean} on */
export function enableConstraint(on) {
  store.constraintOn.value = on;
  sampleAnew();
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
  store.constraintWhitespace.value = whitespace;
  look(0);
}

/** The grammar counts from the end of the completion as it is now. */
export function countFromHere() {
  store.constraintAnchor.value = lastNode(store.session.value);
  sampleAnew();
}

export function countFromStart() {
  store.constraintAnchor.value = null;
  sampleAnew();
}

/**
 * @param {ConstraintTexts} texts
 * @param {number} [delayMs]
 */
function write(texts, delayMs = 0) {
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
