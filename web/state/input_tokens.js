// The tokens of the prompt. They belong to a text, not to a distribution: they are asked for alone
// and first, because splitting a text is fast where running the model over it is not.

import * as api from "../http/client.js";
import { isEqual } from "../lib/same.js";
import { knownInput, rememberInput } from "./known_inputs.js";
import { noteModel } from "./model_change.js";
import { tokensRequest } from "./requests.js";
import { placeOf, sameInput } from "./session.js";
import * as store from "./store.js";

/** @import { PreviewResponse } from "../types/wire" */
/** @import { Place } from "../types/app" */

/**
 * @param {PreviewResponse} answer
 * @param {Place} place
 */
export function takeInput(answer, place) {
  const input = { place, tokens: answer.prompt_tokens, note: answer.prompt_note };
  const known = store.input.value;
  // Most answers are about a knob or the next position: what is drawn of the text stays as it is.
  if (known && sameInput(known.place, place) && known.note === input.note && isEqual(known.tokens, input.tokens)) return;
  rememberInput(input);
  store.input.value = input;
}

/** Shows the pills of the text as it is now, if they are known. Returns whether they are on screen. */
export function showKnownInput() {
  const place = placeOf(store.session.value);
  if (store.input.value && sameInput(store.input.value.place, place)) return true;
  const known = knownInput(place);
  if (known) store.input.value = { ...known, place };
  return known !== null;
}

/**
 * Makes sure that the pills on screen are those of `place`. Returns false if the answer came too
 * late, or from another model than before: then the place is not what it was.
 * @param {Place} place
 * @param {AbortSignal} signal
 */
export async function readInput(place, signal) {
  if (showKnownInput()) return true;
  const answer = await api.preview(tokensRequest(), signal);
  if (signal.aborted || noteModel(answer.model)) return false;
  takeInput(answer, place);
  return true;
}
