// "Why this token rather than that one": which other candidate a target is compared with.

import { computed } from "@preact/signals";
import { effectiveOptions } from "./attribution_options.js";
import { completionOf, isOnPath } from "./session.js";
import * as store from "./store.js";

/** @import { Distribution } from "../types/wire" */
/** @import { Contrast, Target } from "../types/app" */

/** The chosen method and quantity need another candidate. */
export const contrasting = computed(() => {
  const specs = store.catalog.value?.attribution.options ?? [];
  return effectiveOptions(specs, store.method.value?.id ?? "off", store.attributionOptions.value).quantity === "logit_difference";
});

/**
 * The chosen candidate; without one, or if that is the target itself, the likeliest other one. Null
 * if none is known.
 * @param {Target} target
 * @returns {Contrast | null}
 */
export function contrastTo(target) {
  const chosen = store.contrast.value;
  if (chosen && chosen.id !== target.id) return chosen;
  const others = distributionAt(target.index)?.tokens.filter((row) => row.id !== target.id) ?? [];
  const best = others.reduce((top, row) => (top && top.p_base >= row.p_base ? top : row), others[0]);
  return best ? { id: best.id, display: best.display } : null;
}

/** The place in the completion that the rows on screen are for; null while they belong to another text. */
export function candidateIndex() {
  const place = store.shown.value?.place;
  return place && isOnPath(store.session.value, place) ? completionOf(store.session.value, place.leaf).length : null;
}

/**
 * @param {number} index
 * @returns {Distribution | null}
 */
function distributionAt(index) {
  if (index === candidateIndex() && store.shown.value?.dist) return store.shown.value.dist;
  return store.completion.value[index]?.dist ?? null;
}
