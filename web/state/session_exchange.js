// Sessions to files and back, as far as the page is concerned: what a file is called, and what is
// said when one cannot be read.

import { fetchExtras } from "../http/extras.js";
import { ShapeError } from "../lib/shape.js";
import { sessionIn } from "../replay/data.js";
import { change } from "./changes.js";
import { addSession, readSession, writeSession } from "./session_file.js";
import * as store from "./store.js";

export function openSessions() {
  store.sessionsOpen.value = true;
}

export function closeSessions() {
  store.sessionsOpen.value = false;
  store.importFailure.value = null;
}

export function exportedSession() {
  return { name: `${fileName()}.json`, type: "application/json", content: writeSession(store.session.value) };
}

export async function exportedPage() {
  const { replayPage } = await fetchExtras();
  return { name: `${fileName()}.html`, type: "text/html", content: replayPage(store.session.value) };
}

/**
 * Puts the inputs of a file beside those that are here. Returns whether it could be read.
 * @param {string} name
 * @param {string} text of an exported file, JSON or HTML
 */
export function importSession(name, text) {
  try {
    const other = readSession(sessionIn(text) ?? text);
    change("import", (session) => addSession(session, other));
    store.message.value = `${name} was added to the inputs.`;
    closeSessions();
    return true;
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    refuseImport(name, error.message);
    return false;
  }
}

/**
 * @param {string} name
 * @param {string} why
 */
export function refuseImport(name, why) {
  store.importFailure.value = { detail: `${name} cannot be opened. ${why}`, hint: "Choose a file that Tokenscope exported, JSON or HTML. Nothing was changed." };
  openSessions();
}

function fileName() {
  const words = store.branch.value.prompt.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return ["tokenscope", ...words.slice(0, 5)].join("-").slice(0, 60);
}
