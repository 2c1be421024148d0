// Previews: the distribution of the next token. Only the newest counts. Another text or position takes the
// place of the one before; a knob's next value waits for the answer to its last one, which is drawn.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { whileBusy } from "./busy.js";
import { requireUsable } from "./constraint_check.js";
import { held } from "./hand.js";
import { readInput, takeInput } from "./input_tokens.js";
import { noteModel } from "./model_change.js";
import { newestOnly } from "./newest.js";
import { previewRequest } from "./requests.js";
import { placeOf, sameInput, samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { PreviewResponse } from "../types/wire" */
/** @import { Place } from "../types/app" */

/** Typing settles for this long before the model is asked. */
export const TYPING_MS = 220;

const previews = newestOnly(run);

/**
 * After a change of what the model reads, or of what is typed.
 * @param {number} [delayMs]
 */
export function requestPreview(delayMs = 0) {
  previews.instead(delayMs);
}

/** After a change that needs no run of the model, as those of knobs. */
export function followPreview() {
  previews.next();
}

export function cancelPreview() {
  previews.cancel();
}

/** @param {AbortSignal} signal */
async function run(signal) {
  // A step ends by asking for a preview, so one that comes in between may be forgotten.
  if (!store.ready.value || store.stepping.value) return;
  const place = placeOf(store.session.value);
  const byHand = held.value;
  if (store.foreign.value !== null) showForeign(place, store.foreign.value);
  try {
    const answer = await whileBusy(ask(place, signal), signal);
    if (signal.aborted) return;
    if (answer === null || noteModel(answer.model)) return requestPreview();
    if (store.foreign.value !== null) return takeInput(answer, place);
    show(answer, place, byHand);
  } catch (error) {
    if (signal.aborted || api.isAbort(error)) return;
    // On its way to a value that can be used, a slider may pass some that cannot.
    if (!previews.waits()) showFailure(error, place);
  }
}

/**
 * @param {Place} place
 * @param {AbortSignal} signal
 */
async function ask(place, signal) {
  // Both are asked for at once. The tokens come first, since they are asked for first and are quick.
  const input = store.llmEnabled.value ? readInput(place, signal) : Promise.resolve(true);
  const answer = askModel(signal);
  // Whoever waits for the tokens must not be surprised by the other one's failure meanwhile.
  answer.catch(() => {});
  return (await input) ? answer : null;
}

/** @param {AbortSignal} signal */
async function askModel(signal) {
  if (previewRequest().constraint) await requireUsable();
  return api.preview(previewRequest(), signal);
}

/**
 * Only the tokens of the text can be asked for.
 * @param {Place} place
 * @param {string} model
 */
function showForeign(place, model) {
  const failure = { detail: `${model} wrote this completion, and its tokens mean something else to the model that answers now.`, hint: `Load ${model} to go on, or remove the completion.` };
  store.shown.value = { place, dist: null, chosen: null, failure };
}

/**
 * @param {PreviewResponse} answer
 * @param {Place} place
 * @param {boolean} byHand
 */
function show(answer, place, byHand) {
  batch(() => {
    takeInput(answer, place);
    store.shown.value = { place, dist: answer.dist, grammar: answer.grammar, chosen: null, failure: null, byHand };
    store.elapsedMs.value = answer.elapsed_ms;
    const refused = store.failure.value?.place;
    if (!refused || !samePlace(refused, place)) store.failure.value = null;
  });
}

/**
 * @param {unknown} error
 * @param {Place} place
 */
function showFailure(error, place) {
  if (!(error instanceof api.ApiError)) throw error;
  if (error.status === 0) {
    store.server.value = "error";
    store.message.value = error.detail;
    return;
  }
  batch(() => {
    if (store.input.value && !sameInput(store.input.value.place, place)) store.input.value = null;
    store.shown.value = { place, dist: null, chosen: null, failure: error.failure() };
  });
}
