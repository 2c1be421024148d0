// Attribution on hover: where a token came from, painted on the tokens before it. The pointer passes
// over many tokens on its way, so a question waits until it rests, is hung up on when it moves on
// (which cancels the work on the server), and an answer that is no longer wanted never paints.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { createRecent } from "../lib/recent.js";
import { LEAVE_OUT_FIRST } from "./attribution_options.js";
import { refusalInWords } from "./attribution_refusal.js";
import { scoresSoFar } from "./attribution_so_far.js";
import { contrastTo, contrasting } from "./contrast.js";
import { heat, keyOf } from "./heat.js";
import { tokenOwner } from "./model_change.js";
import { TYPING_MS } from "./preview.js";
import { attributionRequest } from "./requests.js";
import * as store from "./store.js";

/** @import { AttributionOptions, AttributionResponse, AttributionScores } from "../types/wire" */
/** @import { AttributionLine, Contrast, Target } from "../types/app" */

/** How long the pointer rests before the server is asked. */
export const HOVER_MS = 80;
/** How long the heat outlasts the pointer: the next token is often only a gap away. */
export const CLEAR_MS = 120;
/** Answers that come sooner need no progress bar; the heat before stays until then. */
export const PATIENCE_MS = 150;

const CACHED = 32;

const SOFT_FAILURES = /** @type {Record<string, string>} */ ({
  attention_not_supported: "This model does not give its attention away.",
  attention_no_scores: "This model gave no attention scores.",
});

const answers = /** @type {ReturnType<typeof createRecent<AttributionScores>>} */ (createRecent(CACHED));
/** What the pointer or the focus is on. */
let aimed = /** @type {Target | null} */ (null);
let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
let underWay = /** @type {AbortController | null} */ (null);

/**
 * Asks where a token came from. With `keep`, for fingers, the heat stays.
 * @param {Target} target
 * @param {{ keep?: boolean }} [how]
 */
export function aim(target, { keep = false } = {}) {
  if (!store.method.value || store.foreign.value !== null || !store.llmEnabled.value || store.playing.value || store.stepping.value) return;
  // A heat that was kept and is no longer true keeps nothing.
  const free = heat.value === null && underWay === null && timer === undefined;
  if (store.heatKept.value && !keep && !free) return;
  store.heatKept.value = keep;
  const same = isSame(aimed, target) && (underWay !== null || isSame(heat.value?.target, target));
  if (same && underWay) return;
  stop();
  aimed = target;
  if (!same) timer = setTimeout(ask, HOVER_MS, target);
}

/** The pointer or the focus is gone. */
export function leave() {
  if (store.heatKept.value || !aimed) return;
  stop();
  timer = setTimeout(forget, CLEAR_MS);
}

/**
 * Asks and keeps the answer; the second time lets go.
 * @param {Target} target
 */
export function keepAt(target) {
  if (store.heatKept.value && isSame(aimed, target)) releaseHeat();
  else aim(target, { keep: true });
}

/**
 * Holds the heat, or what is being computed, while the pointer moves; the second time lets go.
 * Returns false if there is nothing to hold.
 */
export function toggleKeep() {
  if (store.heatKept.value) releaseHeat();
  else if (aimed && (underWay || heat.value)) store.heatKept.value = true;
  else return false;
  return true;
}

/** Ends what is being computed and takes the heat away. */
export function releaseHeat() {
  stop();
  store.heatKept.value = false;
  forget();
}

/** For edits and steps: another place, other questions. A heat that is kept stays as long as it is true. */
export function dropHeat() {
  if (store.heatKept.value) return;
  stop();
  forget();
}

/** After an edit: a question that was kept and is about tokens that are gone is let go. */
export function settleHeat() {
  if (store.heatKept.value && heat.value === null) releaseHeat();
}

/** @param {string} id */
export function chooseMethod(id) {
  change(() => (store.attributionMethod.value = id), HOVER_MS);
}

/** @param {AttributionOptions} options */
export function setAttributionOptions(options) {
  const set = () => (store.attributionOptions.value = { ...store.attributionOptions.value, ...options });
  // What is only shown otherwise is not asked for anew.
  if (Object.keys(options).every((id) => id === LEAVE_OUT_FIRST)) set();
  else change(set, TYPING_MS);
}

/** @param {Contrast | null} contrast */
export function chooseContrast(contrast) {
  change(() => (store.contrast.value = contrast), HOVER_MS);
}

/**
 * A kept target is asked about again: that is how methods are compared.
 * @param {() => void} set
 * @param {number} delayMs
 */
function change(set, delayMs) {
  const target = store.heatKept.value ? aimed : null;
  stop();
  batch(() => {
    set();
    store.painted.value = null;
    store.attributionFailure.value = null;
    if (!store.method.value) store.heatKept.value = false;
  });
  if (target && store.method.value) timer = setTimeout(ask, delayMs, target);
}

/** @param {Target} target */
async function ask(target) {
  timer = undefined;
  const contrast = contrasting.value ? contrastTo(target) : null;
  const key = keyOf(target, contrast);
  const known = answers.get(key);
  if (known) return paint(known);
  const mine = new AbortController();
  underWay = mine;
  const request = attributionRequest(target, contrast);
  /** @type {AttributionLine} */
  let latest = { progress: 0 };
  const patience = setTimeout(show, PATIENCE_MS);
  try {
    const answer = await api.attribution(request, mine.signal, (line) => {
      // A line without scores takes nothing back.
      latest = { ...latest, ...line };
      if (!mine.signal.aborted && store.attributionWork.value) show();
    });
    if (!mine.signal.aborted) take(answer);
  } catch (error) {
    if (mine.signal.aborted || api.isAbort(error)) return;
    if (!(error instanceof api.ApiError)) throw error;
    const { detail, hint } = refusalInWords(error);
    fail(detail, hint);
  } finally {
    clearTimeout(patience);
    if (underWay === mine) finish();
  }

  function show() {
    batch(() => {
      const answer = scoresSoFar(latest, request, store.method.value);
      store.painted.value = answer && { key, target, contrast, answer, soFar: true, points: latest.points ?? null, sink: null };
      store.attributionWork.value = { target, progress: latest.progress };
    });
  }

  /** @param {AttributionResponse} answer */
  function take(answer) {
    if (!("context_len" in answer)) {
      const why = answer.error ?? "";
      return fail(SOFT_FAILURES[why] ?? `The server gave no scores: ${why || "it said no reason"}.`, "Choose another method.");
    }
    if (answer.model_id !== tokenOwner()) return;
    answers.set(key, answer);
    paint(answer);
  }

  /** @param {AttributionScores} answer */
  function paint(answer) {
    batch(() => {
      store.painted.value = { key, target, contrast, answer, soFar: false, points: null, sink: null };
      store.attributionFailure.value = null;
    });
  }
}

/**
 * @param {string} detail
 * @param {string} hint
 */
function fail(detail, hint) {
  batch(() => {
    store.painted.value = null;
    store.heatKept.value = false;
    store.attributionFailure.value = { detail, hint };
  });
}

function stop() {
  clearTimeout(timer);
  timer = undefined;
  underWay?.abort();
  finish();
}

/** Whatever has ended the work, a result so far is none without it. */
function finish() {
  underWay = null;
  batch(() => {
    if (store.painted.value?.soFar) store.painted.value = null;
    store.attributionWork.value = null;
  });
}

function forget() {
  timer = undefined;
  aimed = null;
  store.painted.value = null;
}

/**
 * @param {Target | null | undefined} a
 * @param {Target} b
 */
function isSame(a, b) {
  return a?.index === b.index && a.id === b.id;
}
