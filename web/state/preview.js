// Previews: the distribution of the next token. Only the newest preview counts; asking again
// cancels the one before.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { whileBusy } from "./busy.js";
import { requireUsable } from "./constraint_check.js";
import { readInput, takeInput } from "./input_tokens.js";
import { noteModel } from "./model_change.js";
import { previewRequest } from "./requests.js";
import { placeOf, sameInput, samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { PreviewResponse } from "../types/wire" */
/** @import { Place } from "../types/app" */

/** Typing and dragging settle for this long before the model is asked. */
export const TYPING_MS = 220;

let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let underWay = /** @type {AbortController | null} */ (null);

/** @param {number} [delayMs] */
export function requestPreview(delayMs = 0) {
  cancelPreview();
  timer = setTimeout(run, delayMs);
}

export function cancelPreview() {
  clearTimeout(timer);
  underWay?.abort();
  underWay = null;
}

async function run() {
  // A step ends by asking for a preview, so one that comes in between may be forgotten.
  if (!store.ready.value || store.stepping.value) return;
  const mine = new AbortController();
  underWay = mine;
  const place = placeOf(store.session.value);
  if (store.foreign.value !== null) showForeign(place, store.foreign.value);
  try {
    const answer = await whileBusy(ask(place, mine.signal), mine.signal);
    if (mine.signal.aborted) return;
    if (answer === null || noteModel(answer.model)) return requestPreview();
    if (store.foreign.value !== null) return takeInput(answer, place);
    show(answer, place);
  } catch (error) {
    if (mine.signal.aborted || api.isAbort(error)) return;
    showFailure(error, place);
  } finally {
    if (underWay === mine) underWay = null;
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
 */
function show(answer, place) {
  batch(() => {
    takeInput(answer, place);
    store.shown.value = { place, dist: answer.dist, grammar: answer.grammar, chosen: null, failure: null };
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
    store.shown.value = { place, dist: null, chosen: null, failure: { detail: error.detail, hint: error.hint, code: error.code } };
  });
}
