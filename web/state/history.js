// Undo and redo. Nodes never change, so all that an edit changes is the list of branches and which
// of them is active: a moment is no more than that, and the text of tokens is not copied. Pure.

/** @import { History, Moment, Session } from "../types/app" */

/** More would not be found again by pressing a key. */
export const MOST_MOMENTS = 200;

/** @type {History} */
export const NO_HISTORY = { past: [], future: [] };

/**
 * Remembers the session as it was before an edit. Edits of one run, such as the letters of a word,
 * are undone together.
 * @param {History} history
 * @param {Session} before
 * @param {{ label: string, run?: string | null }} edit
 * @returns {History}
 */
export function record(history, before, { label, run = null }) {
  const last = history.past.at(-1);
  if (run !== null && last?.run === run) return { past: history.past, future: [] };
  return { past: [...history.past, momentOf(before, label, run)].slice(-MOST_MOMENTS), future: [] };
}

/**
 * The session before the last edit, or null if there is none.
 * @param {History} history
 * @param {Session} session
 */
export function undo({ past, future }, session) {
  const moment = past.at(-1);
  if (!moment) return null;
  return { session: backTo(session, moment), history: { past: past.slice(0, -1), future: [...future, momentOf(session, moment.label)] }, label: moment.label };
}

/**
 * The session after the edit that was undone last, or null.
 * @param {History} history
 * @param {Session} session
 */
export function redo({ past, future }, session) {
  const moment = future.at(-1);
  if (!moment) return null;
  return { session: backTo(session, moment), history: { past: [...past, momentOf(session, moment.label)], future: future.slice(0, -1) }, label: moment.label };
}

/**
 * Drops the tokens that no branch, now or in the history, leads to.
 * @param {Session} session
 * @param {History} history
 * @returns {Session}
 */
export function dropUnreachable(session, { past, future }) {
  const nodes = /** @type {Session["nodes"]} */ ({});
  for (const { branches } of [session, ...past, ...future])
    for (const branch of branches)
      for (let id = branch.leaf; id !== null && !nodes[id]; ) {
        const node = session.nodes[id];
        if (!node) break;
        nodes[id] = node;
        id = node.parent;
      }
  return { ...session, nodes };
}

/**
 * @param {Session} session
 * @param {string} label
 * @param {string | null} [run]
 * @returns {Moment}
 */
function momentOf({ branches, active }, label, run = null) {
  return { label, run, branches, active };
}

/**
 * @param {Session} session
 * @param {Moment} moment
 * @returns {Session}
 */
function backTo(session, { branches, active }) {
  return { ...session, branches, active };
}
