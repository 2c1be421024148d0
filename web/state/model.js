// The model and the server behind the page: status polling, loading, the catalog.

import { batch } from "@preact/signals";
import * as api from "../http/client.js";
import { noteModel } from "./model_change.js";
import { pause } from "./playback.js";
import { requestPreview } from "./preview.js";
import { abortStep } from "./stepping.js";
import * as store from "./store.js";

/** @import { ModelStatus } from "../types/wire" */

const POLL_MS = 700;
/** A ready server is still asked now and then, so that a restart heals by itself. */
const IDLE_POLL_MS = 5000;

let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
/** The id this page asked for, while its load is under way. */
let asked = "";
let polls = 0;

export async function pollStatus() {
  clearTimeout(timer);
  polls += 1;
  const mine = polls;
  try {
    const next = await api.fetchStatus();
    if (mine !== polls) return;
    if (store.catalog.value === null || store.server.value !== "ok") await readCatalog();
    if (mine !== polls) return;
    apply(next);
  } catch (error) {
    if (mine !== polls) return;
    if (!(error instanceof api.ApiError)) throw error;
    store.server.value = "error";
    store.message.value = error.detail;
  } finally {
    if (mine === polls) timer = setTimeout(pollStatus, pollDelay());
  }
}

/** @param {string} modelId */
export async function loadModel(modelId) {
  const id = modelId.trim();
  if (store.status.value?.loading) return void (store.message.value = "Another model is being loaded.");
  if (id === "") return showAnswering();
  pause();
  store.modelField.value = id;
  try {
    await api.loadModel(id);
    asked = id;
    batch(() => {
      store.failure.value = null;
      store.message.value = `Loading ${id}`;
      if (store.status.value) store.status.value = { ...store.status.value, loading: true, error: null };
    });
  } catch (error) {
    if (!(error instanceof api.ApiError)) throw error;
    store.failure.value = { detail: error.detail, hint: error.hint };
    showAnswering();
  }
  await pollStatus();
}

/** The field names the model that answers, except while people type another one or load it. */
function showAnswering() {
  const { ready, model_id } = store.status.value ?? { ready: false, model_id: "" };
  if (ready) store.modelField.value = model_id;
}

async function readCatalog() {
  store.catalog.value = await api.fetchCatalog();
}

/** @param {ModelStatus} next */
function apply(next) {
  const wasReady = store.ready.value;
  batch(() => {
    store.server.value = "ok";
    store.status.value = next;
    if (next.ready && !wasReady) store.message.value = "Ready";
    else if (!next.ready && store.message.value === "The Tokenscope server does not answer.") store.message.value = "";
  });
  const changed = next.ready && noteModel(next);
  if (changed) {
    pause();
    abortStep();
  }
  if (changed || (next.ready && !wasReady)) requestPreview();
  if (asked !== "" && !next.loading) endLoad(next);
}

/** @param {ModelStatus} next */
function endLoad(next) {
  if (next.ready && next.error === null) {
    store.savedModel.value = asked;
    store.message.value = "Ready";
  } else {
    store.message.value = `${asked} could not be loaded.`;
    if (store.modelField.value === asked) showAnswering();
  }
  asked = "";
}

function pollDelay() {
  const current = store.status.value;
  return store.server.value === "ok" && current?.ready && !current.loading ? IDLE_POLL_MS : POLL_MS;
}
