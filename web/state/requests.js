// What the page asks: the store's values as request bodies. The server keeps no session, so each
// body carries everything.

import { toWire } from "./params.js";
import * as store from "./store.js";

/** @import { PreviewRequest, StepRequest } from "../types/wire" */
/** @import { Force } from "../types/app" */

/** @returns {PreviewRequest} */
export function previewRequest() {
  return { ...context(), tokens_only: !store.llmEnabled.value };
}

/**
 * @param {Force} force
 * @returns {StepRequest}
 */
export function stepRequest(force) {
  return { ...context(), ...force };
}

/** @returns {PreviewRequest} */
function context() {
  const { prompt, system, use_template, params } = store.branch.value;
  return {
    prompt,
    system_prompt: system,
    use_chat_template: use_template,
    completion_ids: store.completion.value.map((node) => node.token.id),
    top_k: store.rows.value,
    params: toWire(params),
  };
}
