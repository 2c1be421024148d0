// One step: ask for a token, append it, show what it was picked from, then look at the next place.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { stopName } from "../lib/format.js";
import { dropHeat } from "./attribution.js";
import { whileBusy } from "./busy.js";
import { constraint, NO_FORCED_TEXT } from "./constraint.js";
import { constraintFailure, requireUsable } from "./constraint_check.js";
import { edit, newRun } from "./edits.js";
import { readInput } from "./input_tokens.js";
import { tokenOwner } from "./model_change.js";
import { cancelPreview, requestPreview } from "./preview.js";
import { stepRequest } from "./requests.js";
import { appendTokens, isOnPath, moveLeaf, placeOf, samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { AppendedMeta, ConstraintParams, StepResponse } from "../types/wire" */
/** @import { Force, NewToken, Origin, Params, Place, StepOutcome, TokenNode } from "../types/app" */

/** How long the picked row stays on screen before the next position is shown. */
export const SHOW_CHOICE_MS = 180;

let underWay = /** @type {AbortController | null} */ (null);

/**
 * `label` is what undo calls the step, `run` what it is undone with, `origin` how the tokens are said
 * to have come about, if not as the server says.
 * @typedef {{ label?: string, run?: string | null, origin?: Origin | null }} How
 */

/** @typedef {{ params: Params, constraint: ConstraintParams | null }} Settings what a token was picked under */

/**
 * @param {Force} [force]
 * @param {How} [how]
 * @returns {Promise<StepOutcome>}
 */
export async function step(force = null, how = {}) {
  const refusal = whyNoStep() ?? (underWay ? "The step before is still under way." : null);
  if (refusal !== null) return refuse(refusal);
  cancelPreview();
  dropHeat();
  const mine = new AbortController();
  underWay = mine;
  store.stepping.value = true;
  const place = placeOf(store.session.value);
  const { params } = store.branch.value;
  const rule = constraint.value;
  try {
    const answer = await whileBusy(ask(place, force, mine.signal), mine.signal);
    if (answer === null || mine.signal.aborted || !stillWanted(answer, place)) return "superseded";
    return accept(answer, place, { params, constraint: rule }, how);
  } catch (error) {
    if (mine.signal.aborted || api.isAbort(error)) return "superseded";
    showFailure(error, place);
    return "failed";
  } finally {
    if (underWay === mine) endStep();
  }
}

/**
 * @param {Place} place
 * @param {Force} force
 * @param {AbortSignal} signal
 */
async function ask(place, force, signal) {
  if (!(await readInput(place, signal))) return null;
  if (constraint.value) await requireUsable();
  return api.step(stepRequest(force), signal);
}

/** For edits: the answer of a step under way would belong to a text that is gone. */
export function abortStep() {
  underWay?.abort();
  if (underWay) endStep();
}

/**
 * Forces a token at the position that is shown, which right after a step is the one before.
 * @param {number} tokenId
 * @returns {Promise<StepOutcome>}
 */
export async function forceToken(tokenId) {
  return forceAtShown({ force_token_id: tokenId }, "forced token");
}

/**
 * Several tokens in one go, at the same position.
 * @param {number[]} tokenIds
 * @returns {Promise<StepOutcome>}
 */
export async function forceTokens(tokenIds) {
  return forceAtShown({ force_token_ids: tokenIds }, "forced run");
}

/**
 * @param {Force} force
 * @param {string} label
 */
function forceAtShown(force, label) {
  const place = store.shown.value?.place;
  if (!place || !isOnPath(store.session.value, place)) return refuse("The list is being updated.");
  abortStep();
  const how = { label, run: newRun() };
  edit(how.label, (session) => moveLeaf(session, place.leaf), how.run);
  return step(force, how);
}

/**
 * Another token in the place of a generated one. What stood there stays in the session, and comes
 * back if the step fails.
 * @param {TokenNode} node
 * @param {number} tokenId
 * @returns {Promise<StepOutcome>}
 */
export async function forceInstead(node, tokenId) {
  abortStep();
  const { leaf } = placeOf(store.session.value);
  const how = { label: "alternative", run: newRun(), origin: /** @type {Origin} */ ("forced:overlay") };
  edit(how.label, (session) => moveLeaf(session, node.parent), how.run);
  const rewound = placeOf(store.session.value);
  const outcome = await step({ force_token_id: tokenId }, how);
  if ((outcome === "failed" || outcome === "refused") && samePlace(rewound, placeOf(store.session.value))) {
    edit(how.label, (session) => moveLeaf(session, leaf), how.run);
    requestPreview();
  }
  return outcome;
}

/**
 * @param {string} text
 * @returns {Promise<StepOutcome>}
 */
export async function forceText(text) {
  if (text === "") return "refused";
  if (constraint.value) return refuse(NO_FORCED_TEXT);
  abortStep();
  return step({ force_text: text }, { label: "forced text" });
}

function endStep() {
  underWay = null;
  store.stepping.value = false;
  requestPreview(SHOW_CHOICE_MS);
}

/**
 * @param {string} why
 * @returns {StepOutcome}
 */
function refuse(why) {
  store.message.value = why;
  return "refused";
}

/** The sentence that tells why no step is possible now, or null. */
export function whyNoStep() {
  if (!store.llmEnabled.value) return "The LLM is off. Switch it on to go on.";
  if (store.server.value === "error") return "The server does not answer.";
  if (!store.ready.value) return "No model is ready yet.";
  if (store.foreign.value !== null) return `${store.foreign.value} wrote this completion. Load it to go on, or remove the completion.`;
  if (constraintFailure()) return "The constraint cannot be applied. Mend it or switch it off.";
  if (store.stopped.value !== null) return `Finished: ${stopName(store.stopped.value)}. Delete the last token to go on.`;
  return null;
}

/**
 * @param {StepResponse} answer
 * @param {Place} place
 */
function stillWanted(answer, place) {
  return answer.model.model_id === tokenOwner() && samePlace(place, placeOf(store.session.value));
}

/**
 * @param {StepResponse} answer
 * @param {Place} place
 * @param {Settings} settings
 * @param {How} how
 * @returns {StepOutcome}
 */
function accept(answer, place, settings, { label = "step", run = null, origin = null }) {
  const tokens = newTokens(answer, settings, origin);
  const chosen = answer.selected?.id ?? answer.appended_meta[0]?.selected_id ?? null;
  batch(() => {
    edit(label, (session) => (tokens.length > 0 ? appendTokens(session, tokens) : session), run);
    store.failure.value = null;
    store.elapsedMs.value = answer.elapsed_ms;
    if (answer.dist) store.shown.value = { place, dist: answer.dist, grammar: answer.grammar, chosen, failure: null };
    if (tokens.length === 0) store.message.value = "This text has no tokens, so nothing was added.";
    else store.message.value = answer.done ? `Stopped: ${stopName(answer.stop_reason ?? "")}.` : "";
  });
  return answer.done ? "done" : "ok";
}

/**
 * @param {StepResponse} answer
 * @param {Settings} settings
 * @param {Origin | null} given
 * @returns {NewToken[]}
 */
function newTokens(answer, { params, constraint }, given) {
  const last = answer.appended.length - 1;
  return answer.appended.map((token, index) => {
    const origin = given ?? originOf(answer.appended_meta[index], params);
    return {
      token,
      model: answer.model.model_id,
      origin,
      params,
      constraint,
      dist: answer.appended_meta[index]?.dist ?? null,
      seed_used: origin === "sampled" ? answer.seed_used : null,
      stop_reason: answer.done && index === last ? (answer.stop_reason ?? "eos_token") : null,
    };
  });
}

/**
 * @param {AppendedMeta | undefined} meta
 * @param {Params} params
 * @returns {Origin}
 */
function originOf(meta, params) {
  if (meta?.forced_by === "token") return "forced:token";
  if (meta?.forced_by === "text") return "forced:text";
  return params.greedy ? "greedy" : "sampled";
}

/**
 * @param {unknown} error
 * @param {Place} place
 */
function showFailure(error, place) {
  if (!(error instanceof api.ApiError)) throw error;
  const failure = { detail: error.detail, hint: error.hint, code: error.code };
  if (error.status === 0) store.server.value = "error";
  store.failure.value = error.status === 0 ? failure : { ...failure, place };
}
