// Brings back the session that this tab goes on with, and keeps it from then on. Without a database
// the page works all the same, and says so once.

import { recordedAnchor } from "../state/constraint.js";
import { keepSession, restoreSession } from "../state/keeping.js";
import { setHome } from "../state/kept_sessions.js";
import * as store from "../state/store.js";
import { claimSession, heldSessions } from "./claim.js";
import { noteKept } from "./first_visit.js";

/** @import { SessionDatabase } from "../types/app" */
/** @import { Claim } from "./claim.js" */

/** A database that is blocked may never answer. */
const PATIENCE_MS = 2000;

/**
 * Tells whether a session came back.
 * @param {Window & typeof globalThis} browser
 * @param {Promise<SessionDatabase>} opening
 */
export async function startKeeping(browser, opening) {
  let late = false;
  const before = store.session.peek();
  const timer = new Promise((_, reject) => setTimeout(() => reject((late = true, new Error("The database does not answer."))), PATIENCE_MS));
  try {
    return await Promise.race([start(), timer]);
  } catch (error) {
    tellFailure(error);
    return false;
  }

  /** @returns {Promise<boolean>} */
  async function start() {
    const database = noting(await opening, browser);
    const { locks } = browser.navigator;
    const claim = await claimSession({ memory: browser.sessionStorage, locks, list: database.list, newId: () => `${Date.now()}-${Math.random().toString(36).slice(2, 8)}` });
    // A first visit does not wait for this. What has been done by now is kept, and nothing is put in its place.
    const begun = store.session.peek() !== before;
    const found = begun ? { id: claim.from === null ? claim.id : anew(claim), saved: {}, dirty: true } : await restore(database, browser.localStorage, claim);
    if (late) return false;
    const cameBack = !begun && store.session.peek() !== before;
    setHome({ database, id: found.id, held: () => heldSessions(locks) });
    const keeper = keepSession(database, browser.localStorage, found.id, found, tellFailure);
    browser.addEventListener("pagehide", keeper.leave);
    // A phone may end a page that is not on screen, and tells nobody.
    browser.document.addEventListener("visibilitychange", () => browser.document.visibilityState === "hidden" && void keeper.flush());
    return cameBack;
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
    store.constraintAnchor.value = recordedAnchor(store.session.value);
    return from === id ? { id, ...found } : { id, saved: {}, dirty: true };
  } catch (error) {
    // What cannot be read stays where it is, and is not written over.
    store.notice.value = `The kept session cannot be read, so the page begins with an empty one. ${reason(error)}`;
    return { id: anew({ id }), saved: {}, dirty: false };
  }
}

/**
 * A name beside that of a session which is there already and stays as it is.
 * @param {Pick<Claim, "id">} claim
 */
function anew({ id }) {
  return `${id}-anew`;
}

/**
 * Remembers that there is a session from the first one on that is written.
 * @param {SessionDatabase} database
 * @param {Window} browser
 * @returns {SessionDatabase}
 */
function noting(database, browser) {
  return {
    ...database,
    async write(kept, changes) {
      await database.write(kept, changes);
      noteKept(browser);
    },
  };
}

/** @param {unknown} error */
function tellFailure(error) {
  store.notice.value = `This browser does not keep the session: export it before you leave. ${reason(error)}`;
}

/** @param {unknown} error */
function reason(error) {
  return error instanceof Error ? error.message : String(error);
}
