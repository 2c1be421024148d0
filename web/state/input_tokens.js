// The tokens of the prompt. They belong to a text, not to a distribution: they are asked for alone
// and first, because splitting a text is fast where running the model over it is not.

import * as api from "../http/client.js";
import { noteModel } from "./model_change.js";
import { tokensRequest } from "./requests.js";
import { sameInput } from "./session.js";
import * as store from "./store.js";

/** @import { PreviewResponse } from "../types/wire" */
/** @import { Input, Place } from "../types/app" */

/**
 * @param {PreviewResponse} answer
 * @param {Place} place
 * @returns {Input}
 */
export function inputOf(answer, place) {
  return { place, tokens: answer.prompt_tokens, note: answer.prompt_note };
}

/**
 * Makes sure that the pills on screen are those of `place`. Returns false if the answer came too
 * late, or from another model than before: then the place is not what it was.
 * @param {Place} place
 * @param {AbortSignal} signal
 */
export async function readInput(place, signal) {
  if (store.input.value && sameInput(store.input.value.place, place)) return true;
  const answer = await api.preview(tokensRequest(), signal);
  if (signal.aborted || noteModel(answer.model)) return false;
  store.input.value = inputOf(answer, place);
  return true;
}
