// Which of the kept sessions a tab goes on with. A session belongs to one tab at a time, so that
// two tabs never write the same one: the last to write would silently undo the other's work, and
// merging two edits of a text is not what anybody asked for. A lock that the browser frees when
// the tab goes says who has it.

/** @import { KeptSession } from "../types/app" */

/** A tab that is being reloaded may hold its lock a moment longer. */
const PATIENCE_MS = 400;

const KEY = "tokenscope.session";

/**
 * @typedef {Object} Claim
 * @property {string} id the session that this tab writes
 * @property {string | null} from the session that it starts from; null is an empty one
 */

/**
 * A tab goes on with its own session after a reload; a copied tab with a copy; a new tab with the
 * one that was changed last and that no other tab has, else with an empty one.
 * @param {{ memory: Pick<Storage, "getItem" | "setItem">, locks: LockManager | undefined, list: () => Promise<KeptSession[]>, newId: () => string }} browser
 * @returns {Promise<Claim>}
 */
export async function claimSession({ memory, locks, list, newId }) {
  const claim = await find();
  memory.setItem(KEY, claim.id);
  return claim;

  /** @returns {Promise<Claim>} */
  async function find() {
    const own = memory.getItem(KEY);
    if (own !== null) return (await hold(locks, own, PATIENCE_MS)) ? { id: own, from: own } : fresh(own);
    // Without locks nobody knows who else is here, and a copy is safe.
    const newest = (await list()).sort((a, b) => b.changed - a.changed);
    if (!locks) return fresh(newest[0]?.id ?? null);
    for (const { id } of newest) if (await hold(locks, id, 0)) return { id, from: id };
    return fresh(null);
  }

  /**
   * @param {string | null} from
   * @returns {Promise<Claim>}
   */
  async function fresh(from) {
    const id = newId();
    await hold(locks, id, 0);
    return { id, from };
  }
}

/**
 * Whether a session is in use, by this tab or another.
 * @param {LockManager | undefined} locks
 * @returns {Promise<Set<string>>}
 */
export async function heldSessions(locks) {
  const { held = [] } = (await locks?.query()) ?? {};
  return new Set(held.map(({ name = "" }) => name.slice(lockOf("").length)));
}

/**
 * Takes the lock for as long as the tab lives. Without locks everything is free.
 * @param {LockManager | undefined} locks
 * @param {string} id
 * @param {number} patienceMs
 * @returns {Promise<boolean>}
 */
function hold(locks, id, patienceMs) {
  if (!locks) return Promise.resolve(true);
  return new Promise((resolve) => {
    const options = patienceMs === 0 ? { ifAvailable: true } : { signal: AbortSignal.timeout(patienceMs) };
    const held = locks.request(lockOf(id), options, (lock) => {
      resolve(lock !== null);
      return lock === null ? undefined : new Promise(() => {});
    });
    held.catch(() => resolve(false));
  });
}

/** @param {string} id */
function lockOf(id) {
  return `${KEY} ${id}`;
}
