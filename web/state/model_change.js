// Token ids belong to the model that made them. Whoever hears which model answers tells it here.

import { batch } from "@preact/signals";
import { dropCompletions } from "./session.js";
import * as store from "./store.js";

/** @import { ModelInfo } from "../types/wire" */

let owner = "";

/** The model that the session's token ids belong to. */
export function tokenOwner() {
  return owner;
}

/**
 * Returns true if this is another model than before.
 * @param {ModelInfo} info
 */
export function noteModel(info) {
  if (info.model_id === owner) return false;
  const hadTokens = store.completion.value.length > 0;
  owner = info.model_id;
  batch(() => {
    store.session.value = dropCompletions(store.session.value);
    store.input.value = null;
    store.shown.value = null;
    store.contrast.value = null;
    store.probes.value = [];
    store.painted.value = null;
    store.matrix.value = null;
    store.heatKept.value = false;
    store.modelField.value = info.model_id;
    if (store.status.value) store.status.value = { ...store.status.value, ...info };
    if (hadTokens) store.message.value = "Another model: the completion was removed, its tokens belonged to the old one.";
  });
  return true;
}
