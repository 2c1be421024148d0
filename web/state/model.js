// The model behind the page: what its state means, how to load another one and how to stop that.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { readCatalog, refreshCatalog } from "./catalog.js";
import { showExample } from "./example.js";
import { noteModel, tokenOwner } from "./model_change.js";
import { pause } from "./playback.js";
import { requestPreview } from "./preview.js";
import { createStatusFeed } from "./status_feed.js";
import { abortStep } from "./stepping.js";
import * as store from "./store.js";

/** @import { ModelStatus } from "../types/wire" */

/** @typedef {{ id: string, before: string, cancelled: boolean }} Ask `before` is what answered when the load began */

const POLL_MS = 700;
/** A ready server is still asked now and then, so that a restart heals by itself. */
const IDLE_POLL_MS = 5000;

/** The load whose end this page tells about: it was begun or cancelled here. */
let asked = /** @type {Ask | null} */ (null);
let asking = false;
let cancelling = false;

/** The session of before, which the first answer waits for. */
let restored = /** @type {Promise<void>} */ (Promise.resolve());

const feed = createStatusFeed({ read: readStatus, take: apply, fail: showSilence, trusts: agreesWithAnswers, delay: pollDelay });

/**
 * Asks how the server is, and from then on again and again. What it answers counts once `session` is
 * back: the first preview is about that. Ends when the first answer has been taken.
 * @param {Promise<void>} [session]
 */
export function pollStatus(session = Promise.resolve()) {
  restored = session;
  return feed.ask();
}

/** @param {string} modelId */
export async function loadModel(modelId) {
  const id = modelId.trim();
  if (asking || store.status.value?.loading) return void (store.message.value = "Another model is being loaded.");
  if (id === "") return showAnswering();
  pause();
  store.modelField.value = id;
  store.loadFailure.value = null;
  const before = instanceOf(store.status.value);
  asking = true;
  try {
    await api.loadModel(id);
    asked = { id, before, cancelled: false };
    batch(() => {
      store.failure.value = null;
      store.message.value = `Loading ${id}`;
      const load = { model_id: id, phase: "locating", file: null, bytes: 0, total: null, bytes_per_s: null };
      if (store.status.value) store.status.value = { ...store.status.value, loading: true, load, error: null };
    });
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    store.loadFailure.value = error.failure();
    store.message.value = `${id} could not be loaded.`;
    showAnswering();
  } finally {
    asking = false;
  }
  await feed.ask();
}

/** Ends the load under way, whoever asked for it. The status tells whether that came in time. */
export async function cancelLoad() {
  const { status, load } = store;
  if (cancelling || !load.value) return;
  const mine = { before: instanceOf(status.value), ...asked, id: load.value.model_id, cancelled: true };
  asked = mine;
  cancelling = true;
  try {
    await api.cancelLoad();
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    if (asked === mine) asked = { ...mine, cancelled: false };
    if (error.code !== "nothing_to_cancel") store.message.value = error.detail;
  } finally {
    cancelling = false;
  }
  await feed.ask();
}

/** The field names the model that answers, except while people type another one or load it. */
function showAnswering() {
  const { ready, model_id } = store.status.value ?? { ready: false, model_id: "" };
  if (ready) store.modelField.value = model_id;
}

/** @returns {Promise<ModelStatus>} */
async function readStatus() {
  const owner = tokenOwner();
  const catalog = store.catalog.value === null || store.server.value !== "ok" ? readCatalog() : null;
  const [next] = await Promise.all([api.fetchStatus(), catalog, restored]);
  // A preview or a step has told of another model since; what was read may be older than that.
  return tokenOwner() === owner ? next : readStatus();
}

/**
 * The model that answers does not change while a load is under way. A state that says so crossed
 * an answer that knew better, or there is a second load; in both cases asking settles it.
 * @param {ModelStatus} status
 */
function agreesWithAnswers(status) {
  return !status.loading || !status.ready || tokenOwner() === "" || status.model_id === tokenOwner();
}

/** @param {api.ApiError} error */
function showSilence(error) {
  showExample("");
  store.server.value = "error";
  store.message.value = error.detail;
}

/** @param {ModelStatus} next */
function apply(next) {
  const wasReady = store.ready.value;
  const wasLoading = store.status.value?.loading === true;
  batch(() => {
    store.server.value = "ok";
    store.status.value = next;
    if (next.loading) store.loadFailure.value = null;
    if (next.ready && !wasReady) store.message.value = "Ready";
    // The model that loads brings its example, so that no other text is seen before.
    if (!next.ready) showExample(next.load?.model_id ?? "");
    if (!next.ready && store.message.value === "The Tokenscope server does not answer.") store.message.value = "";
  });
  const changed = next.ready && noteModel(next);
  if (changed) {
    pause();
    abortStep();
  }
  if (changed || (next.ready && !wasReady)) requestPreview();
  if (next.loading) return;
  if (asked) endLoad(asked, next);
  // What was loaded is suggested from now on, also where another window or program loaded it.
  if (wasLoading || (changed && wasReady)) void refreshCatalog();
}

/**
 * @param {Ask} load
 * @param {ModelStatus} next
 */
function endLoad({ id, before, cancelled }, next) {
  asked = null;
  if (next.ready && next.error === null && instanceOf(next) !== before) {
    store.savedModel.value = id;
    store.message.value = "Ready";
    return;
  }
  if (next.error !== null) store.message.value = `${id} could not be loaded.`;
  else {
    // If not here, it was cancelled in another window, or the server started anew.
    const end = cancelled ? `Cancelled loading ${id}.` : `${id} was not loaded.`;
    store.message.value = next.ready ? `${end} ${next.model_id} still answers.` : end;
  }
  if (store.modelField.value === id) showAnswering();
}

/**
 * Tells a model that was loaded anew from the one that answered before, even under the same name.
 * @param {ModelStatus | null} status
 */
function instanceOf(status) {
  return status?.ready ? `${status.load_seconds} ${status.model_id}` : "";
}

/** @param {boolean} streaming */
function pollDelay(streaming) {
  const current = store.status.value;
  const idle = streaming || (current?.ready && !current.loading);
  return store.server.value === "ok" && idle ? IDLE_POLL_MS : POLL_MS;
}
