// The sessions that this browser keeps, in IndexedDB: localStorage is too small for recorded
// distributions. Tokens never change, so a save writes those that are new and one small record.

/** @import { KeptSession, SessionDatabase, TokenNode } from "../types/app" */

const NAME = "tokenscope.sessions";
const VERSION = 1;
const HANDFUL = 16;

/**
 * @param {IDBFactory} factory
 * @returns {Promise<SessionDatabase>}
 */
export async function openDatabase(factory) {
  const opening = factory.open(NAME, VERSION);
  opening.onupgradeneeded = () => {
    opening.result.createObjectStore("sessions", { keyPath: "id" });
    opening.result.createObjectStore("nodes");
  };
  const database = await answer(opening);
  // Another tab has a newer version of the page, and cannot begin before this one lets go.
  database.onversionchange = () => database.close();
  return {
    async list() {
      return answer(database.transaction("sessions").objectStore("sessions").getAll());
    },
    async read(id) {
      const transaction = database.transaction(["sessions", "nodes"]);
      const [kept, nodes] = await Promise.all([
        answer(transaction.objectStore("sessions").get(id)),
        answer(transaction.objectStore("nodes").getAll(nodesOf(id))),
      ]);
      return kept ? { kept: /** @type {KeptSession} */ (kept), nodes: /** @type {TokenNode[]} */ (nodes) } : null;
    },
    async write(kept, { added, removed }) {
      const transaction = database.transaction(["sessions", "nodes"], "readwrite");
      const nodes = transaction.objectStore("nodes");
      for (const id of removed) nodes.delete([kept.id, id]);
      const end = done(transaction);
      // Distributions take a while to be copied. Between two handfuls of them the page may draw, and
      // the transaction stays the same one.
      for (let first = 0; first < added.length; first += HANDFUL) {
        const puts = added.slice(first, first + HANDFUL).map((node) => nodes.put(node, [kept.id, node.id]));
        await answer(/** @type {IDBRequest} */ (puts.at(-1)));
      }
      transaction.objectStore("sessions").put(kept);
      return end;
    },
    remove(id) {
      const transaction = database.transaction(["sessions", "nodes"], "readwrite");
      transaction.objectStore("nodes").delete(nodesOf(id));
      transaction.objectStore("sessions").delete(id);
      return done(transaction);
    },
  };
}

/** @param {string} id */
function nodesOf(id) {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

/**
 * @template T
 * @param {IDBRequest<T>} request
 * @returns {Promise<T>}
 */
function answer(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * @param {IDBTransaction} transaction
 * @returns {Promise<void>}
 */
function done(transaction) {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}
