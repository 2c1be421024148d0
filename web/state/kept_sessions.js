// Other sessions that this browser keeps: of tabs that are closed, or open elsewhere.

import { change } from "./changes.js";
import { addSession, checkedSession } from "./session_file.js";
import * as store from "./store.js";

/** @import { SessionDatabase } from "../types/app" */

/** @typedef {{ database: SessionDatabase, id: string, held: () => Promise<Set<string>> }} Home */

let home = /** @type {Home | null} */ (null);

/** @param {Home | null} next where sessions are kept, and which one is this tab's */
export function setHome(next) {
  home = next;
}

export async function listKept() {
  if (!home) return void (store.keptSessions.value = []);
  const [all, held] = await Promise.all([home.database.list(), home.held()]);
  const others = all.filter(({ id }) => id !== home?.id).sort((a, b) => b.changed - a.changed);
  store.keptSessions.value = others.map(({ id, changed, branches }) => ({
    id, changed, inUse: held.has(id), inputs: branches.length, prompt: branches.find(({ prompt }) => prompt !== "")?.prompt ?? "",
  }));
}

/**
 * Puts the inputs of a kept session beside those of this one.
 * @param {string} id
 */
export async function addKept(id) {
  const found = await home?.database.read(id);
  if (!found) return void (store.message.value = "This session is no longer there.");
  const { branches, active } = found.kept;
  const other = checkedSession({ nodes: found.nodes, branches, active });
  change("opening of a kept session", (session) => addSession(session, other));
}

/** @param {string} id */
export async function removeKept(id) {
  await home?.database.remove(id);
  await listKept();
}
