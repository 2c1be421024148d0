// The constraint as requests carry it, and where in the completion it begins to count.

import { computed } from "@preact/signals";
import { kindOf, textOf } from "./constraint_texts.js";
import { completionOf, sharedLength } from "./session.js";
import * as store from "./store.js";

/** @import { ConstraintParams } from "../types/wire" */
/** @import { Session, TokenNode } from "../types/app" */

export const NO_FORCED_TEXT = "Text cannot be forced while a constraint is on. Click a token instead, or switch the constraint off.";

export const kinds = computed(() => store.catalog.value?.constraint?.kinds ?? []);
export const kind = computed(() => kindOf(store.constraintTexts.value, kinds.value));
export const text = computed(() => textOf(store.constraintTexts.value, kinds.value));

/** What the editor holds, whether it is on or not; null before the server has told of its kinds. */
export const written = computed(() => {
  if (!kind.value) return null;
  const whitespace = kind.value.id === "json_schema" ? { whitespace: store.constraintWhitespace.value } : {};
  return /** @type {ConstraintParams} */ ({ type: kind.value.id, schema: text.value, ...whitespace });
});

/**
 * The completion's index from which the grammar counts. The anchor is a token and not a number, so
 * that it stays at its place through rewinds, forks and other branches: what counts is how much of
 * the way to it the completion has gone.
 */
export const anchorIndex = computed(() => anchorIn(store.session.value));

/**
 * The same for the active branch of another session.
 * @param {Session} session
 */
export function anchorIn(session) {
  return sharedLength(session, store.constraintAnchor.value);
}

/**
 * The anchor of the last token that was drawn under a constraint: where a session that was kept goes on
 * counting from. Null for the beginning.
 * @param {Session} session
 * @returns {TokenNode | null}
 */
export function recordedAnchor(session) {
  const nodes = completionOf(session);
  const anchor = nodes.findLast((node) => node.constraint?.enabled)?.constraint?.anchor ?? 0;
  return nodes[anchor - 1] ?? null;
}

/** The constraint that is on, or null. */
export const constraint = computed(() => {
  if (!store.constraintOn.value || !written.value) return null;
  return /** @type {ConstraintParams} */ ({ enabled: true, ...written.value, anchor: anchorIndex.value });
});
