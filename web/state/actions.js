// The verbs of the page: what a click, a key or a keystroke in a field means.

import { batch } from "@preact/signals";
import { dropHeat, releaseHeat, settleHeat } from "./attribution.js";
import { applyPreset, editParams } from "./params.js";
import { pause } from "./playback.js";
import { requestPreview, TYPING_MS } from "./preview.js";
import { newestEnd, otherWays } from "./recorded.js";
import * as sessions from "./session.js";
import { abortStep, forceInstead } from "./stepping.js";
import * as store from "./store.js";

/** @import { Preset } from "../types/wire" */
/** @import { Params, Session, Theme } from "../types/app" */

export { aim, chooseContrast, chooseMethod, keepAt, leave, releaseHeat, setAttributionOptions, toggleKeep } from "./attribution.js";
export { closeMatrix, openMatrix } from "./attribution_matrix.js";
export { cancelLoad, loadModel } from "./model.js";
export { togglePlay } from "./playback.js";
export { forceText, forceToken, step, whyNoStep } from "./stepping.js";

/** @param {string} prompt */
export function typePrompt(prompt) {
  changeText({ prompt });
}

/** @param {string} system */
export function typeSystem(system) {
  changeText({ system });
}

/** @param {boolean} on */
export function useTemplate(on) {
  interrupt();
  store.session.value = sessions.setTemplate(store.session.value, on);
  settleHeat();
  requestPreview();
}

/** Shows at once what the last token was picked from; the preview then follows the knobs. */
export function deleteLast() {
  const last = sessions.lastNode(store.session.value);
  if (!last) return;
  rewind(sessions.deleteLast);
  const { shown, session } = store;
  if (last.dist && shown.value)
    shown.value = { ...shown.value, place: sessions.placeOf(session.value), dist: last.dist, chosen: null, failure: null };
}

/** Clears the completion; the text stays. */
export function clear() {
  if (store.completion.value.length > 0) rewind(sessions.clear);
}

/**
 * Goes another way from where a generated token stands: the path that was taken there before, if
 * there is one, else a new one.
 * @param {number} index of the generated token
 * @param {number} tokenId
 */
export function takeInstead(index, tokenId) {
  const node = store.completion.value[index];
  if (!node || node.token.id === tokenId) return;
  const known = otherWays(store.session.value, node).findLast((one) => one.token.id === tokenId);
  if (known) return rewind((session) => sessions.moveLeaf(session, newestEnd(session, known.id)));
  interrupt();
  settleHeat();
  void forceInstead(node, tokenId);
}

/**
 * @param {Partial<Omit<Params, "preset" | "greedy">>} change
 * @param {number} [delayMs]
 */
export function editParam(change, delayMs = TYPING_MS) {
  setParams(editParams(store.branch.value.params, change));
  requestPreview(delayMs);
}

/** @param {Preset} preset */
export function choosePreset(preset) {
  setParams(applyPreset(store.branch.value.params, preset));
  requestPreview();
}

/** @param {number} count */
export function setRows(count) {
  if (count === store.rows.value) return;
  store.rows.value = count;
  requestPreview();
}

/** @param {number} ms */
export function setSpeed(ms) {
  store.speedMs.value = ms;
}

export function toggleLlm() {
  const on = !store.llmEnabled.value;
  pause();
  abortStep();
  releaseHeat();
  batch(() => {
    store.llmEnabled.value = on;
    store.message.value = "";
    store.failure.value = null;
    if (!on && store.shown.value) store.shown.value = { ...store.shown.value, dist: null, chosen: null, failure: null };
  });
  requestPreview();
}

/** @param {Theme} theme */
export function setTheme(theme) {
  store.theme.value = theme;
}

export function dismissFailure() {
  store.failure.value = null;
}

/** @param {{ prompt?: string, system?: string }} text */
function changeText(text) {
  const hadTokens = store.completion.value.length > 0;
  interrupt();
  store.session.value = sessions.editText(store.session.value, text);
  settleHeat();
  if (hadTokens) store.message.value = "The completion was removed, because the text changed.";
  requestPreview(TYPING_MS);
}

/** @param {Params} params */
function setParams(params) {
  store.failure.value = null;
  store.session.value = sessions.setParams(store.session.value, params);
}

/** @param {(session: Session) => Session} move */
function rewind(move) {
  interrupt();
  store.session.value = move(store.session.value);
  settleHeat();
  requestPreview();
}

/** An edit ends playback, and the answer of a step under way belongs to the text before it. */
function interrupt() {
  pause();
  abortStep();
  dropHeat();
  store.message.value = "";
  store.failure.value = null;
}
