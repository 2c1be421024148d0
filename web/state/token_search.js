// Looking for tokens of the vocabulary by their text. The ones that are found are asked about with
// every preview from then on, so that their numbers follow the knobs and the steps.

import { batch, signal } from "@preact/signals";
import * as api from "../http/client.js";
import { tokenOwner } from "./model_change.js";
import { newestOnly } from "./newest.js";
import { followPreview } from "./preview.js";
import * as store from "./store.js";

/** @import { TokensResponse } from "../types/wire" */

/** Typing settles for this long before the server is asked. */
export const SEARCH_MS = 150;
/** So many rows can be looked at beside the others. */
const SHOWN = 8;

export const searchText = signal("");
export const found = signal(/** @type {TokensResponse | null} */ (null));

const searches = newestOnly(ask);

/** @param {string} text spaces count */
export function searchTokens(text) {
  searchText.value = text;
  if (text !== "") return searches.instead(SEARCH_MS);
  searches.cancel();
  take(null);
}

/** @param {AbortSignal} signal */
async function ask(signal) {
  try {
    const answer = await api.findTokens(searchText.value, SHOWN, signal);
    if (!signal.aborted && answer.model_id === tokenOwner()) take(answer);
  } catch (error) {
    if (signal.aborted || api.isAbort(error)) return;
    if (!(error instanceof api.ApiError)) throw error;
    store.message.value = error.detail;
  }
}

/** @param {TokensResponse | null} answer */
function take(answer) {
  batch(() => {
    found.value = answer;
    store.probes.value = answer?.tokens.map((token) => token.id) ?? [];
  });
  if (store.probes.value.length > 0) followPreview();
}
