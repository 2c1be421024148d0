// How probable each option of a multiple choice is as a whole. Only asked for by hand: it runs the
// model over every option.

import * as api from "../http/client.js";
import { constraint } from "./constraint.js";
import { requireUsable } from "./constraint_check.js";
import { choicesRequest } from "./requests.js";
import * as store from "./store.js";

let underWay = /** @type {AbortController | null} */ (null);

/** True if the last comparison answers what would be asked now. */
export function isCurrent() {
  return store.comparison.value?.key === keyOf();
}

export async function compareChoices() {
  if (!constraint.value) return;
  underWay?.abort();
  const mine = new AbortController();
  underWay = mine;
  store.comparing.value = true;
  const key = keyOf();
  try {
    await requireUsable();
    const { choices } = await api.compareChoices(choicesRequest(), mine.signal);
    if (underWay === mine) store.comparison.value = { key, choices, failure: null };
  } catch (error) {
    if (api.isAbort(error) || underWay !== mine) return;
    if (!(error instanceof api.ApiError)) throw error;
    store.comparison.value = { key, choices: [], failure: error.failure() };
  } finally {
    if (underWay === mine) {
      underWay = null;
      store.comparing.value = false;
    }
  }
}

function keyOf() {
  return JSON.stringify([store.status.value?.model_id, choicesRequest()]);
}
