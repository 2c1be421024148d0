// Starts the page. Besides extras.js the only file that does something when it is imported.

import { effect } from "@preact/signals";
import { render } from "preact";
import { h } from "./html.js";
import { startTour, tourSeen } from "./state/learning.js";
import { pollStatus } from "./state/model.js";
import { restore, watch } from "./state/persist.js";
import * as store from "./state/store.js";
import { startKeeping } from "./storage/start.js";
import { App } from "./view/app.js";
import { listenToDrops } from "./view/files.js";
import { listenToKeys } from "./view/keyboard.js";
import { linkTokens } from "./view/linked.js";
import { listenToPointer } from "./view/pointer.js";
import { listenToMoves } from "./view/still_pointer.js";

const storage = {
  // Reading the property itself may throw where storage is forbidden.
  getItem: (/** @type {string} */ key) => localStorage.getItem(key),
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => localStorage.setItem(key, value),
};

/** The first picture waits this long for each answer of the server, so that it need not be drawn again at once. */
const PATIENCE_MS = 50;

void start();

async function start() {
  // First, since the database takes its time.
  const session = startKeeping(window);
  restore(storage);
  watch(storage);
  const status = pollStatus(session);
  await session;
  await Promise.race([status.catch(reportError), later(PATIENCE_MS)]);
  if (store.ready.value) await Promise.race([firstDistribution(), later(PATIENCE_MS)]);
  if (!tourSeen.value) startTour();
  effect(() => {
    document.documentElement.dataset["theme"] = store.theme.value;
  });
  const root = document.getElementById("app");
  if (root) render(h(App, {}), root);
  listenToKeys(document);
  listenToMoves(document);
  listenToPointer(document);
  linkTokens(document);
  listenToDrops(document);
}

/** @returns {Promise<void>} */
function firstDistribution() {
  return new Promise((wake) => effect(() => void (store.shown.value && wake())));
}

/** @param {number} ms */
function later(ms) {
  return new Promise((wake) => setTimeout(wake, ms));
}
