// Tokens of texts that were read before. Whoever comes back to a branch sees them at once, and a
// branch that is not on screen can tell how long it is.

import { signal } from "@preact/signals";

/** @import { Branch, Input } from "../types/app" */

/** @typedef {Pick<Branch, "prompt" | "system" | "use_template">} Text */

const MOST = 64;

/** Oldest first. */
const known = signal(/** @type {ReadonlyMap<string, Input>} */ (new Map()));

/** @param {Input} input */
export function rememberInput(input) {
  const key = keyOf(input.place);
  const kept = [...known.value].filter(([other]) => other !== key).slice(1 - MOST);
  known.value = new Map([...kept, [key, input]]);
}

/** Another model splits texts otherwise. */
export function forgetInputs() {
  known.value = new Map();
}

/**
 * @param {Text} text
 * @returns {Input | null}
 */
export function knownInput(text) {
  return known.value.get(keyOf(text)) ?? null;
}

/** @param {Text} text */
function keyOf({ prompt, system, use_template }) {
  return JSON.stringify([prompt, system, use_template]);
}
