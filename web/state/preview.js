// Previews: the tokens of the text and the distribution of the next one. Only the newest preview
// counts; asking again cancels the one before.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { whileBusy } from "./busy.js";
import { noteModel } from "./model_change.js";
import { previewRequest } from "./requests.js";
import { placeOf, sameInput } from "./session.js";
import * as store from "./store.js";

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
  try {
    const answer = await whileBusy(api.preview(previewRequest(), mine.signal));
    if (mine.signal.aborted) return;
    if (noteModel(answer.model)) return requestPreview();
    batch(() => {
      store.shown.value = { place, prompt_tokens: answer.prompt_tokens, dist: answer.dist, chosen: null, failure: null };
      store.facts.value = { ...store.facts.value, elapsed_ms: answer.elapsed_ms };
    });
  } catch (error) {
    if (mine.signal.aborted || api.isAbort(error)) return;
    showFailure(error, place);
  } finally {
    if (underWay === mine) underWay = null;
  }
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
  const failure = { detail: error.detail, hint: error.hint };
  const before = store.shown.value;
  const prompt_tokens = before && sameInput(before.place, place) ? before.prompt_tokens : [];
  store.shown.value = { place, prompt_tokens, dist: null, chosen: null, failure };
}
