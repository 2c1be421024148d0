// One step: ask for a token, append it, show what it was picked from, then look at the next place. Or many of
// them as fast as they come.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { stopName } from "../lib/format.js";
import { dropHeat } from "./attribution.js";
import { whileBusy } from "./busy.js";
import { byFrames } from "./by_frames.js";
import { constraint } from "./constraint.js";
import { constraintFailure, requireUsable } from "./constraint_check.js";
import { edit } from "./edits.js";
import { readInput } from "./input_tokens.js";
import { tokenOwner } from "./model_change.js";
import { newTokens } from "./new_tokens.js";
import { cancelPreview, requestPreview } from "./preview.js";
import { stepRequest } from "./requests.js";
import { appendTokens, placeOf, samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { StepResponse } from "../types/wire" */
/** @import { Force, Origin, Place, StepOutcome } from "../types/app" */
/** @import { Settings } from "./new_tokens.js" */

/** How long the picked row stays on screen before the next position is shown. */
export const SHOW_CHOICE_MS = 180;

let underWay = /** @type {AbortController | null} */ (null);
let inFlight = /** @type {Promise<StepOutcome> | null} */ (null);
/** Puts on the page what was taken and is not drawn yet. */
let putUp = /** @type {(() => void) | null} */ (null);

/**
 * `label` is what undo calls the step, `run` what it is undone with, `origin` how the tokens are said
 * to have come about, if not as the server says.
 * @typedef {{ label?: string, run?: string | null, origin?: Origin | null }} How
 */

/** @typedef {{ answer: StepResponse, settings: Settings }} Taken */

/**
 * @param {Force} [force]
 * @param {How} [how]
 * @returns {Promise<StepOutcome>}
 */
export function step(force = null, how = {}) {
  return attempt(async (signal) => {
    const place = placeOf(store.session.value);
    const taken = await ask(place, force, signal);
    if (taken === null || signal.aborted || !stillWanted(taken.answer, place)) return "superseded";
    store.pace.value = null;
    return accept(taken, place, how);
  });
}

/**
 * Step after step as fast as answers come, one request each. They are drawn by frames, and a preview comes
 * after the last one only.
 * @param {How} how
 * @param {() => boolean} goesOn is asked after each step
 * @returns {Promise<StepOutcome>}
 */
export function stepOn(how, goesOn) {
  return attempt(async (signal) => {
    let place = placeOf(store.session.value);
    let lost = false;
    const drawn = byFrames((/** @type {Taken[]} */ all) => {
      lost ||= !samePlace(place, placeOf(store.session.value));
      if (!lost) all.forEach((taken) => accept(taken, placeOf(store.session.value), how));
      place = placeOf(store.session.value);
    });
    putUp = drawn.put;
    try {
      for (;;) {
        const further = drawn.waiting().flatMap(({ answer }) => answer.appended.map((token) => token.id));
        const taken = await ask(place, null, signal, further);
        if (taken === null || signal.aborted || lost || !stillWanted(taken.answer, place)) return "superseded";
        drawn.take(taken);
        if (taken.answer.done) return "done";
        if (!goesOn()) return "ok";
      }
    } finally {
      drawn.put();
      if (putUp === drawn.put) putUp = null;
    }
  });
}

/** Ends when the step under way does, if there is one. */
export async function stepEnds() {
  if (underWay) await inFlight?.catch(() => {});
}

/**
 * @param {(signal: AbortSignal) => Promise<StepOutcome>} work
 * @returns {Promise<StepOutcome>}
 */
async function attempt(work) {
  const refusal = whyNoStep() ?? (underWay ? "The step before is still under way." : null);
  if (refusal !== null) return refuse(refusal);
  cancelPreview();
  dropHeat();
  const mine = new AbortController();
  underWay = mine;
  store.stepping.value = true;
  inFlight = work(mine.signal);
  try {
    return await inFlight;
  } catch (error) {
    if (mine.signal.aborted || api.isAbort(error)) return "superseded";
    showFailure(error, placeOf(store.session.value));
    return "failed";
  } finally {
    if (underWay === mine) endStep();
  }
}

/**
 * @param {Place} place
 * @param {Force} force
 * @param {AbortSignal} signal
 * @param {number[]} [further] ids of tokens that the session does not hold yet
 * @returns {Promise<Taken | null>}
 */
async function ask(place, force, signal, further = []) {
  const { params } = store.branch.value;
  const rule = constraint.value;
  const answer = await whileBusy(request(place, force, signal, further), signal);
  return answer && { answer, settings: { params, constraint: rule } };
}

/**
 * @param {Place} place
 * @param {Force} force
 * @param {AbortSignal} signal
 * @param {number[]} further
 */
async function request(place, force, signal, further) {
  if (!(await readInput(place, signal))) return null;
  if (constraint.value) await requireUsable();
  return api.step(stepRequest(force, further), signal);
}

/** Before the end of the completion is looked at: steps at full speed may have come that are not drawn yet. */
export function putUpSteps() {
  putUp?.();
}

/** For edits: the answer of a step under way would belong to a text that is gone. */
export function abortStep() {
  putUpSteps();
  underWay?.abort();
  if (underWay) endStep();
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
export function refuse(why) {
  store.message.value = why;
  return "refused";
}

/** The sentence that tells why no step is possible now, or null. */
export function whyNoStep() {
  if (!store.llmEnabled.value) return "The LLM is off. Switch it on to go on.";
  if (store.server.value === "error") return "The server does not answer.";
  if (!store.ready.value) return "No model is ready yet.";
  if (store.foreign.value !== null) return `${store.foreign.value} wrote this completion. Load it to go on, or remove the completion.`;
  if (constraintFailure()) return "The constraint cannot be applied. Correct it or switch it off.";
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
 * @param {Taken} taken
 * @param {Place} place
 * @param {How} how
 * @returns {StepOutcome}
 */
function accept({ answer, settings }, place, { label = "step", run = null, origin = null }) {
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
 * @param {unknown} error
 * @param {Place} place
 */
function showFailure(error, place) {
  if (!(error instanceof api.ApiError)) throw error;
  const failure = error.failure();
  if (error.status === 0) store.server.value = "error";
  store.failure.value = error.status === 0 ? failure : { ...failure, place };
}
