// The verbs of the page: what a click, a key or a keystroke in a field means.

import { batch } from "@preact/signals";
import { releaseHeat, settleHeat } from "./attribution.js";
import { change, interrupt } from "./changes.js";
import { anchorNow, tellLostAnchor } from "./constraint_anchor.js";
import { edit, TYPING, typingRun } from "./edits.js";
import { forceInstead } from "./forcing.js";
import { applyPreset, editParams } from "./params.js";
import { pause } from "./playback.js";
import { followPreview, requestPreview, TYPING_MS } from "./preview.js";
import { newestEnd, otherWays } from "./recorded.js";
import * as sessions from "./session.js";
import { abortStep, putUpSteps } from "./stepping.js";
import * as store from "./store.js";

/** @import { Preset } from "../types/wire" */
/** @import { Params, Theme } from "../types/app" */

export { aim, chooseContrast, chooseMethod, keepAt, leave, releaseHeat, setAttributionOptions, toggleKeep } from "./attribution.js";
export { compareChoices } from "./choices.js";
export { bringTextBack, chooseConstraintKind, chooseExample, countFromHere, countFromStart, enableConstraint, setWhitespace, typeConstraint } from "./constraint_actions.js";
export { requestCheck } from "./constraint_check.js";
export { closeMatrix, openMatrix } from "./attribution_matrix.js";
export { cancelLoad, loadModel } from "./model.js";
export { dismissMoved } from "./moved_completions.js";
export * from "./branch_actions.js";
export { distributionAsPicture, pairAsPicture, textAsPicture, treeAsPicture } from "./pictures.js";
export { askNextPair, questionAbout } from "./next_pair.js";
export { addKept, listKept, removeKept } from "./kept_sessions.js";
export { closeSessions, exportedPage, exportedSession, importSession, openSessions, refuseImport } from "./session_exchange.js";
export { forceText, forceToken, forceTokens } from "./forcing.js";
export { goPastEnd } from "./past_end.js";
export { mostToFinish, toggleFinish, togglePlay } from "./playback.js";
export { step, whyNoStep } from "./stepping.js";

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
  change("chat template", (session) => sessions.setTemplate(session, on));
}

/** Shows at once what the last token was picked from; the preview then follows the knobs. */
export function deleteLast() {
  putUpSteps();
  const last = sessions.lastNode(store.session.value);
  if (!last) return;
  change("deletion of a token", sessions.deleteLast);
  const { shown, session } = store;
  if (last.dist && shown.value)
    shown.value = { ...shown.value, place: sessions.placeOf(session.value), dist: last.dist, chosen: null, failure: null };
}

/**
 * Takes back the token at this index and all after it.
 * @param {number} index
 */
export function rewindTo(index) {
  const node = store.completion.value[index];
  if (node) change("rewind", (session) => sessions.moveLeaf(session, node.parent));
}

/** Takes the completion away; the text stays. */
export function removeCompletion() {
  change("removal of the completion", sessions.clear);
}

/** Takes the text and the completion away. The system message and the parameters stay. */
export function clear() {
  change("clear", (session) => sessions.editText(session, { prompt: "" }));
}

export function openLibrary() {
  pause();
  store.libraryOpen.value = true;
}

export function closeLibrary() {
  store.libraryOpen.value = false;
}

/**
 * A text of the library in place of the prompt.
 * @param {string} prompt
 */
export function takePrompt(prompt) {
  change("prompt from the library", (session) => sessions.editText(session, { prompt }));
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
  if (known) return void change("alternative", (session) => sessions.moveLeaf(session, newestEnd(session, known.id)));
  interrupt();
  settleHeat();
  void forceInstead(node, tokenId);
}

/**
 * Of what is typed, half may make no sense yet; all else is asked about at once.
 * @param {Partial<Omit<Params, "preset" | "greedy">>} values
 * @param {{ typed?: boolean }} [how]
 */
export function editParam(values, { typed = false } = {}) {
  const names = Object.keys(values).join(" ");
  setParams(names.replaceAll("_", " "), editParams(store.branch.value.params, values), typingRun(`${store.branch.value.id} ${names}`));
  if (typed) requestPreview(TYPING_MS);
  else followPreview();
}

/** @param {Preset} preset */
export function choosePreset(preset) {
  setParams(`preset ${preset.label}`, applyPreset(store.branch.value.params, preset));
  followPreview();
}

/** @param {number} count */
export function setRows(count) {
  if (count === store.rows.value) return;
  store.rows.value = count;
  followPreview();
}

/** @param {number | null} count */
export function setMaxTokens(count) {
  store.maxTokens.value = count;
}

/** @param {number} ms */
export function setSpeed(ms) {
  store.speedMs.value = ms;
}

/** @param {boolean} on */
export function setFullSpeed(on) {
  store.fullSpeed.value = on;
}

/** The seed that drew the last token becomes that of the tokens to come. */
export function keepSeed() {
  const seed = store.seedUsed.value;
  if (seed === null || seed === store.branch.value.params.seed) return;
  editParam({ seed });
  store.message.value = `Seed ${seed} stays for the next tokens. Undo lets it go.`;
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

export function dismissNotice() {
  store.notice.value = "";
}

export function dismissFailure() {
  store.failure.value = null;
}

/** @param {{ prompt?: string, system?: string }} text */
function changeText(text) {
  const hadTokens = store.completion.value.length > 0;
  interrupt();
  const anchor = anchorNow();
  edit(TYPING, (session) => sessions.editText(session, text), typingRun(`${store.branch.value.id} ${Object.keys(text)}`));
  settleHeat();
  if (hadTokens) store.message.value = "The completion was removed, because the text changed. Undo shows it again.";
  tellLostAnchor(anchor);
  requestPreview(TYPING_MS);
}

/**
 * @param {string} label
 * @param {Params} params
 * @param {string | null} [run]
 */
function setParams(label, params, run = null) {
  store.failure.value = null;
  store.latestParams.value = params;
  edit(label, (session) => sessions.setParams(session, params), run);
}
