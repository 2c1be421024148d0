// Keeps the session over reloads: writes it soon after it changed, and at once when the page goes.

import { effect } from "@preact/signals";
import { dropUnreachable } from "./history.js";
import { checkedSession } from "./session_file.js";
import * as store from "./store.js";

/** @import { KeptSession, NodeId, Session, SessionDatabase, TokenNode } from "../types/app" */

/**
 * Paths that no branch leads to stay: people may come back to them from where they turned off. Only
 * a session that outgrows this gives them up.
 */
const MOST_NODES = 20_000;

/** Playback changes the session several times a second. */
export const SAVE_MS = 400;

/** @typedef {Pick<SessionDatabase, "read" | "write">} Database */
/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem">} Late */
/** @typedef {{ kept: KeptSession, added: TokenNode[], removed: NodeId[] }} Save */

/**
 * Puts a kept session on the page. Returns the nodes that are in the database, and whether there is
 * more than those; null if there is no such session. Throws if it cannot be read.
 * @param {Database} database
 * @param {Late} late
 * @param {string} id
 */
export async function restoreSession(database, late, id) {
  const found = await database.read(id);
  const missed = /** @type {Save | null} */ (JSON.parse(late.getItem(lateKey(id)) ?? "null"));
  const kept = missed?.kept ?? found?.kept;
  if (!kept) return null;
  const nodes = new Map([...(found?.nodes ?? []), ...(missed?.added ?? [])].map((node) => [node.id, node]));
  const session = checkedSession({ nodes: [...nodes.values()].sort((a, b) => a.id - b.id), branches: kept.branches, active: kept.active });
  const { past, future } = kept.history;
  store.session.value = session;
  store.history.value = { past: past.filter((moment) => fits(session, moment)), future: future.filter((moment) => fits(session, moment)) };
  const added = new Set(missed?.added.map((node) => node.id));
  const saved = Object.fromEntries(Object.entries(session.nodes).filter(([, node]) => !added.has(node.id)));
  return { saved, dirty: missed !== null };
}

/**
 * Watches the session and saves it under `id`. `saved` are the nodes that are in the database,
 * `dirty` says that there is something to save already, `fail` is told once; the next change tries
 * again.
 * @param {Database} database
 * @param {Late} late
 * @param {string} id
 * @param {{ saved: Session["nodes"], dirty: boolean }} from
 * @param {(error: unknown) => void} fail
 */
export function keepSession(database, late, id, { saved, dirty }, fail) {
  let written = dirty ? null : stateNow();
  let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  let writing = false;
  let told = false;

  async function flush() {
    clearTimeout(timer);
    timer = undefined;
    const state = stateNow();
    // What changes meanwhile is saved after this.
    if (writing || isWritten(state)) return;
    const { save, nodes } = saveOf(state);
    writing = true;
    try {
      await database.write(save.kept, save);
      [saved, written] = [nodes, state];
      late.removeItem(lateKey(id));
    } catch (error) {
      if (!told) fail(error);
      told = true;
      return;
    } finally {
      writing = false;
    }
    if (!isWritten(stateNow())) schedule();
  }

  /** For the moment when the page goes: a database may no longer answer then, a storage does. */
  function leave() {
    const state = stateNow();
    if (isWritten(state)) return;
    try {
      late.setItem(lateKey(id), JSON.stringify(saveOf(state).save));
    } catch {
      // Too much for it, or forbidden. The database may still be quick enough.
    }
    void flush();
  }

  /** @param {ReturnType<typeof stateNow>} state */
  function saveOf({ session, history }) {
    const { nodes, branches, active } = Object.keys(session.nodes).length > MOST_NODES ? dropUnreachable(session, history) : session;
    const added = Object.values(nodes).filter((node) => saved[node.id] !== node);
    const removed = Object.values(saved).filter((node) => !nodes[node.id]).map((node) => node.id);
    return { nodes, save: /** @type {Save} */ ({ kept: { id, changed: Date.now(), branches, active, history }, added, removed }) };
  }

  /** @param {ReturnType<typeof stateNow>} state */
  const isWritten = ({ session, history }) => written?.session === session && written.history === history;
  const schedule = () => void (timer ??= setTimeout(flush, SAVE_MS));
  const stop = effect(() => {
    if (!isWritten({ session: store.session.value, history: store.history.value })) schedule();
  });
  return { flush, leave, stop: () => (stop(), clearTimeout(timer)) };
}

function stateNow() {
  return { session: store.session.peek(), history: store.history.peek() };
}

/** @param {string} id */
function lateKey(id) {
  return `tokenscope.late.${id}`;
}

/**
 * A moment whose tokens are gone leads nowhere.
 * @param {Session} session
 * @param {Pick<Session, "branches" | "active">} moment
 */
function fits(session, { branches, active }) {
  return branches[active] !== undefined && branches.every(({ leaf }) => leaf === null || session.nodes[leaf] !== undefined);
}
