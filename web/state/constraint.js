// The constraint as requests carry it.

import { computed } from "@preact/signals";
import { spanOf } from "../lib/text_place.js";
import { anchorIndex } from "./constraint_anchor.js";
import * as store from "./store.js";
import { kind, text, written } from "./written_constraint.js";

/** @import { ConstraintParams } from "../types/wire" */

export { anchorIn, anchorIndex } from "./constraint_anchor.js";
export { kind, kinds, text, written } from "./written_constraint.js";

export const NO_FORCED_TEXT = "Text cannot be forced while a constraint is on. Click a token instead, or switch the constraint off.";

/** The constraint that is on, or null. */
export const constraint = computed(() => {
  if (!store.constraintOn.value || !written.value) return null;
  return /** @type {ConstraintParams} */ ({ enabled: true, ...written.value, anchor: anchorIndex.value });
});

/** Where the schema's text says what may come next. Of the document as a whole all of it does, and nothing is marked. */
export const schemaPlaces = computed(() => {
  const grammar = store.shown.value?.grammar;
  if (!constraint.value || !grammar || (grammar.path ?? "$") === "$") return [];
  return grammar.schema_places.map((range) => spanOf(text.value, range));
});
