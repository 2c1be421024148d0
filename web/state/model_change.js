// Token ids belong to the model that made them. Whoever hears which model answers tells it here.

import { batch } from "@preact/signals";
import { edit } from "./edits.js";
import { forgetInputs } from "./known_inputs.js";
import { dropForeign, resetTemplates } from "./session.js";
import * as store from "./store.js";

/** @import { ModelInfo } from "../types/wire" */

/** The model that answers, as far as this page knows. */
export function tokenOwner() {
  return store.tokenOwner.value;
}

/**
 * Returns true if this is another model than before.
 * @param {ModelInfo} info
 */
export function noteModel(info) {
  const before = store.tokenOwner.value;
  if (info.model_id === before) return false;
  const hadTokens = store.completion.value.length > 0;
  batch(() => {
    store.tokenOwner.value = info.model_id;
    const dropped = edit("change of the model", (session) => dropForeign(session, info.model_id));
    // A choice that was kept over a reload is a choice for this model.
    if (before !== "") store.session.value = resetTemplates(store.session.value);
    forgetInputs();
    store.input.value = null;
    store.shown.value = null;
    store.contrast.value = null;
    store.probes.value = [];
    store.painted.value = null;
    store.matrix.value = null;
    store.heatKept.value = false;
    store.modelField.value = info.model_id;
    if (store.status.value) store.status.value = { ...store.status.value, ...info };
    if (dropped && hadTokens) store.message.value = "Another model: the completion was removed, its tokens belong to the old one. Undo shows it again.";
    else if (dropped) store.message.value = "Another model: completions were removed, their tokens belong to the old one. Undo shows them again.";
  });
  return true;
}
