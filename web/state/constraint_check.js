// Whether the constraint in the editor can be used. It is asked before anything is sampled with
// it, so that a text half typed costs a glance and no refused preview.

import * as api from "../http/client.js";
import { constraint, written } from "./constraint.js";
import { placeOf, samePlace } from "./session.js";
import * as store from "./store.js";

/** @import { CheckResponse, ConstraintParams } from "../types/wire" */
/** @import { Failure } from "../types/app" */

/** The completion holds a token that the grammar forbids. */
export const VIOLATED = "constraint_violated";

let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let underWay = /** @type {{ key: string, work: Promise<CheckResponse>, abort: () => void } | null} */ (null);

/** The last answer if it is about the text in the editor, or null: what is off is not judged. */
export function currentCheck() {
  if (!store.constraintOn.value) return null;
  const check = store.constraintCheck.value;
  return check && written.value && check.key === keyOf(written.value) ? check.answer : null;
}

/**
 * Why nothing can be sampled under the constraint that is on, or null: its text is wrong, or the
 * completion has already left the grammar.
 * @returns {Failure | null}
 */
export function constraintFailure() {
  if (!constraint.value) return null;
  const { shown, session } = store;
  const left = shown.value?.failure?.code === VIOLATED && samePlace(shown.value.place, placeOf(session.value));
  return currentCheck()?.error ?? (left ? (shown.value?.failure ?? null) : null);
}

/** Only of a constraint that is on. @param {number} [delayMs] */
export function requestCheck(delayMs = 0) {
  clearTimeout(timer);
  if (!store.constraintOn.value) {
    underWay?.abort();
    underWay = null;
    return;
  }
  timer = setTimeout(() => void ask().catch(forgive), delayMs);
}

/** Throws the server's error if the constraint in the editor cannot be used. */
export async function requireUsable() {
  const answer = await ask();
  if (answer?.error) throw new api.ApiError(answer.error, 400);
}

/** Whoever asks about the same text shares the answer; a newer text aborts the question about an older one. */
async function ask() {
  clearTimeout(timer);
  const known = currentCheck();
  if (known || !written.value) return known;
  const key = keyOf(written.value);
  if (underWay?.key === key) return underWay.work;
  underWay?.abort();
  const controller = new AbortController();
  underWay = { key, work: read(key, written.value, controller.signal), abort: () => controller.abort() };
  return underWay.work;
}

/**
 * @param {string} key
 * @param {ConstraintParams} constraint
 * @param {AbortSignal} signal
 * @returns {Promise<CheckResponse>}
 */
async function read(key, constraint, signal) {
  try {
    const answer = await api.checkConstraint(constraint, signal).catch(refused);
    store.constraintCheck.value = { key, answer };
    return answer;
  } finally {
    if (underWay?.key === key) underWay = null;
  }
}

/**
 * A text that is too long even to be checked cannot be used either.
 * @param {unknown} error
 * @returns {CheckResponse}
 */
function refused(error) {
  if (!(error instanceof api.ApiError) || error.status < 400 || error.status >= 500) throw error;
  const { detail, code, hint } = error;
  return { ok: false, error: { detail, code, hint }, legal_tokens: null, may_be_empty: null, warnings: [], elapsed_ms: null };
}

/** What is typed is looked at again by the preview; a server that is gone is told elsewhere. @param {unknown} error */
function forgive(error) {
  if (!(error instanceof api.ApiError) && !api.isAbort(error)) throw error;
}

/** What one model's vocabulary cannot write, another's may. @param {ConstraintParams} constraint */
function keyOf(constraint) {
  return JSON.stringify([store.status.value?.model_id, constraint]);
}
