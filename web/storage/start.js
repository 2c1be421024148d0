// Brings back the session that this tab goes on with, and keeps it from then on. Without a database
// the page works all the same, and says so once.

import { chooseAnchor, recordedAnchor } from "../state/constraint_anchor.js";
import { keepSession, restoreSession } from "../state/keeping.js";
import { setHome } from "../state/kept_sessions.js";
import * as store from "../state/store.js";
import { claimSession, heldSessions } from "./claim.js";
import { openDatabase } from "./database.js";

/** @import { SessionDatabase } from "../types/app" */
/** @import { Claim } from "./claim.js" */

/** A database that is blocked may never answer. */
const PATIENCE_MS = 2000;

/** @param {Window & typeof globalThis} browser */
export async function startKeeping(browser) {
  let late = false;
  const timer = new Promise((_, reject) => setTimeout(() => reject((late = true, new Error("The database does not answer."))), PATIENCE_MS));
  try {
    await Promise.race([start(), timer]);
  } catch (error) {
    tellFailure(error);
  }

  async function start() {
    const database = await openDatabase(browser.indexedDB);
    const { locks } = browser.navigator;
    const claim = await claimSession({ memory: browser.sessionStorage, locks, list: database.list, newId: () => `${Date.now()}-${Math.random().toString(36).slice(2, 8)}` });
    const found = await restore(database, browser.localStorage, claim);
    if (late) return;
    setHome({ database, id: found.id, held: () => heldSessions(locks) });
    const keeper = keepSession(database, browser.localStorage, found.id, found, tellFailure);
    browser.addEventListener("pagehide", keeper.leave);
    // A phone may end a page that is not on screen, and tells nobody.
    browser.document.addEventListener("visibilitychange", () => browser.document.visibilityState === "hidden" && void keeper.flush());
  }
}

/**
 * @param {SessionDatabase} database
 * @param {Storage} storage
 * @param {Claim} claim
 */
async function restore(database, storage, { id, from }) {
  try {
    const found = from === null ? null : await restoreSession(database, storage, from);
    if (!found) return { id, saved: {}, dirty: false };
    const anchor = recordedAnchor(store.session.value);
    if (store.constraintOn.value && anchor !== undefined) chooseAnchor(anchor);
    return from === id ? { id, ...found } : { id, saved: {}, dirty: true };
  } catch (error) {
    // What cannot be read stays where it is, and is not written over.
    store.notice.value = `The kept session cannot be read, so the page begins with an empty one. ${reason(error)}`;
    return { id: `${id}-anew`, saved: {}, dirty: false };
  }
}

/** @param {unknown} error */
function tellFailure(error) {
  store.notice.value = `This browser does not keep the session: export it before you leave. ${reason(error)}`;
}

/** @param {unknown} error */
function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
