// What the last change of the model did to completions: said until people do something else or have read it.

import { computed, signal } from "@preact/signals";
import * as store from "./store.js";

/** @import { Moment, Session } from "../types/app" */

/** @typedef {{ moment: Moment | undefined, model: string, aside: string[], back: string[] }} Moved names of inputs, by what became of their completions */

const last = signal(/** @type {Moved | null} */ (null));

export const moved = computed(() => (last.value && last.value.moment === store.history.value.past.at(-1) ? last.value : null));

/**
 * After the edit that moved them.
 * @param {Session} before
 * @param {string} model
 */
export function tellMoved(before, model) {
  const { branches } = store.session.value;
  const changed = branches.filter(({ leaf }, index) => leaf !== before.branches[index]?.leaf);
  const names = (/** @type {typeof branches} */ some) => some.map(({ name }) => name);
  last.value = {
    moment: store.history.value.past.at(-1),
    model,
    aside: names(changed.filter(({ leaf }) => leaf === null)),
    back: names(changed.filter(({ leaf }) => leaf !== null)),
  };
}

export function dismissMoved() {
  last.value = null;
}
