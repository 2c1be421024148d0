// What the constraint editor holds, whether the constraint is on or not.

import { computed } from "@preact/signals";
import { kindOf, textOf } from "./constraint_texts.js";
import * as store from "./store.js";

/** @import { ConstraintParams } from "../types/wire" */

export const kinds = computed(() => store.catalog.value?.constraint?.kinds ?? []);
export const kind = computed(() => kindOf(store.constraintTexts.value, kinds.value));
export const text = computed(() => textOf(store.constraintTexts.value, kinds.value));

/** As requests carry it; null before the server has told of its kinds. */
export const written = computed(() => {
  if (!kind.value) return null;
  const whitespace = kind.value.id === "json_schema" ? { whitespace: store.constraintWhitespace.value } : {};
  return /** @type {ConstraintParams} */ ({ type: kind.value.id, schema: text.value, ...whitespace });
});
