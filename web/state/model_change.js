// Token ids belong to the model that made them. Whoever hears which model answers tells it here.

import { batch } from "@preact/signals";
import { edit } from "./edits.js";
import { showExample } from "./example.js";
import { forgetInputs } from "./known_inputs.js";
import { tellMoved } from "./moved_completions.js";
import { bringBack, dropForeign, MODEL_CHANGE, resetTemplates } from "./set_aside.js";
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
  const owner = store.tokenOwner.value;
  const model = info.model_id;
  if (model === owner) return false;
  batch(() => {
    store.tokenOwner.value = model;
    const { past } = store.history.value;
    const before = store.session.value;
    if (edit(MODEL_CHANGE, (session) => bringBack(dropForeign(session, model), past, model))) tellMoved(before, model);
    // A choice that was kept over a reload is a choice for this model.
    if (owner !== "") store.session.value = resetTemplates(store.session.value);
    showExample(model);
    forgetInputs();
    store.input.value = null;
    store.shown.value = null;
    store.contrast.value = null;
    store.probes.value = [];
    store.painted.value = null;
    store.matrix.value = null;
    store.heatKept.value = false;
    store.modelField.value = model;
    if (store.status.value) store.status.value = { ...store.status.value, ...info };
  });
  return true;
}
