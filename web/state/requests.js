// What the page asks: the store's values as request bodies. The server keeps no session, so each
// body carries everything.

import { effectiveOptions } from "./attribution_options.js";
import { anchorIn, constraint } from "./constraint.js";
import { toWire } from "./params.js";
import { activeBranch, completionOf } from "./session.js";
import * as store from "./store.js";

/** @import { AttributionRequest, PreviewRequest, StepRequest } from "../types/wire" */
/** @import { Contrast, Force, Session, Target } from "../types/app" */

/** As many rows as the server gives, and as many probes. */
export const MOST_ROWS = 50;

/** @returns {PreviewRequest} */
export function previewRequest() {
  if (!store.llmEnabled.value || store.foreign.value !== null) return tokensRequest();
  return { ...context(), ...constrained(), probe_ids: store.probes.value, tokens_only: false };
}

/**
 * Tokens depend on no constraint, and one that cannot be used must not keep them from being shown.
 * @returns {PreviewRequest}
 */
export function tokensRequest() {
  return { ...context(), tokens_only: true };
}

/**
 * What the options of a multiple choice are compared by. They begin where the grammar does, so
 * tokens from there on do not count and are left out.
 * @returns {PreviewRequest}
 */
export function choicesRequest() {
  const { anchor = 0, ...one } = constraint.value ?? {};
  return { ...input(), completion_ids: completionIds().slice(0, anchor), constraint: { ...one, anchor } };
}

/**
 * @param {Force} force
 * @param {number[]} further ids of tokens behind those of the session
 * @returns {StepRequest}
 */
export function stepRequest(force, further) {
  return { ...context(), completion_ids: [...completionIds(), ...further], ...constrained(), ...force };
}

/**
 * Tokens from the target on do not count, and are left out so that they change no key.
 * @param {Target} target
 * @param {Contrast | null} contrast
 * @returns {AttributionRequest}
 */
export function attributionRequest({ index, id }, contrast) {
  const { catalog, attributionMethod, attributionOptions } = store;
  const options = effectiveOptions(catalog.value?.attribution.options ?? [], attributionMethod.value, attributionOptions.value);
  return {
    ...input(),
    completion_ids: completionIds().slice(0, index),
    target_index: index,
    target_token_id: id,
    method: attributionMethod.value,
    options: contrast === null ? options : { ...options, contrast_id: contrast.id },
  };
}

/**
 * Of all generated tokens at once.
 * @param {Contrast | null} contrast
 * @returns {AttributionRequest}
 */
export function matrixRequest(contrast) {
  const end = store.completion.value.length;
  const { target_index: _place, target_token_id: _token, ...request } = attributionRequest({ index: end, id: 0, display: "" }, contrast);
  return request;
}

/**
 * The next token after what another branch has written, or the active one of this session, with the parameters
 * of that branch and as many rows as there may be.
 * @param {Session} session
 * @returns {PreviewRequest}
 */
export function endRequest(session) {
  const { prompt, system, use_template, params } = activeBranch(session);
  const completion_ids = completionOf(session).map((node) => node.token.id);
  const grammar = constraint.value ? { constraint: { ...constraint.value, anchor: anchorIn(session) } } : {};
  return { prompt, system_prompt: system, use_chat_template: use_template, completion_ids, top_k: MOST_ROWS, params: toWire(params), ...grammar, tokens_only: false };
}

/** @returns {PreviewRequest} */
function context() {
  return { ...input(), completion_ids: completionIds(), top_k: store.rows.value, params: toWire(store.branch.value.params) };
}

function constrained() {
  return constraint.value ? { constraint: constraint.value } : {};
}

function input() {
  const { prompt, system, use_template } = store.branch.value;
  return { prompt, system_prompt: system, use_chat_template: use_template };
}

/** Ids of another model would be other tokens to this one. */
function completionIds() {
  return store.foreign.value !== null ? [] : store.completion.value.map((node) => node.token.id);
}
