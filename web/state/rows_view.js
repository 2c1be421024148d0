// How the rows of a distribution are drawn.

import { computed, signal } from "@preact/signals";
import { lostFavourites } from "../lib/candidates.js";
import { fittingTop } from "../lib/scale.js";
import { samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { Axis } from "../lib/scale.js" */
/** @import { Place } from "../types/app" */

/** @typedef {Axis["kind"]} Scale */

/** @type {Scale[]} */
export const SCALES = ["fit", "linear", "log"];

export const scale = signal(/** @type {Scale} */ ("fit"));
/** Logits and log-probabilities beside the probabilities. */
export const scoresShown = signal(false);

let fitted = /** @type {{ place: Place | null, model: string, top: number }} */ ({ place: null, model: "", top: 1 });

/**
 * The axis of "fit" is chosen anew at each position. As long as that stays it may grow and does not shrink, so
 * that bars which a knob moves can be compared with those before. "Other" has no say in it: where many tokens are
 * likely it is longer than all rows, and they would be short again.
 */
const fittedTop = computed(() => {
  const { place, dist } = store.shown.value ?? {};
  if (!place || !dist) return fitted.top;
  const top = fittingTop([...dist.tokens, ...lostFavourites(dist)].flatMap((row) => [row.p_base, row.p_final]));
  const stays = fitted.place !== null && samePlace(fitted.place, place) && fitted.model === store.tokenOwner.value;
  fitted = { place, model: store.tokenOwner.value, top: stays ? Math.max(top, fitted.top) : top };
  return fitted.top;
});

/** What the bars are measured on. */
export const axis = computed(() => /** @type {Axis} */ ({ kind: scale.value, top: scale.value === "fit" ? fittedTop.value : 1 }));

/** @param {string | null} text as it was stored */
export function readScale(text) {
  return SCALES.find((name) => name === text) ?? "fit";
}

/** @param {Scale} name */
export function chooseScale(name) {
  scale.value = name;
}

export function toggleScores() {
  scoresShown.value = !scoresShown.value;
}
