// The attribution on screen: whether it is still true, and how it is shown.

import { computed } from "@preact/signals";
import { withoutFirst } from "../lib/heat.js";
import { leavesOutFirst } from "./attribution_options.js";
import { tokenOwner } from "./model_change.js";
import { attributionRequest } from "./requests.js";
import * as store from "./store.js";

/** @import { Contrast, Target } from "../types/app" */

/** The first token is left out of what is shown. */
export const withoutSink = computed(() => leavesOutFirst(store.catalog.value?.attribution.options ?? [], store.attributionMethod.value, store.attributionOptions.value));

/** The last attribution as it is shown. */
const view = computed(() => {
  const painted = store.painted.value;
  return painted && withoutSink.value ? { ...painted, ...withoutFirst(painted.answer) } : painted;
});

/** The heat on screen. An answer to another question than the one that is asked now is none. */
export const heat = computed(() => {
  const { method, llmEnabled } = store;
  if (!view.value || !method.value || !llmEnabled.value) return null;
  const { key, target, contrast } = view.value;
  return key === keyOf(target, contrast) ? view.value : null;
});

/** The heat, or what is being computed, stays while the pointer moves. */
export const held = computed(() => store.heatKept.value && (heat.value !== null || store.attributionWork.value !== null));

/**
 * What an attribution is the answer to.
 * @param {Target} target
 * @param {Contrast | null} contrast
 */
export function keyOf(target, contrast) {
  return `${tokenOwner()}\n${JSON.stringify(attributionRequest(target, contrast))}`;
}
