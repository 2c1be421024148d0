// What is written when, what comes back, and which tab has which session.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { edit } from "../state/edits.js";
import { NO_HISTORY } from "../state/history.js";
import { keepSession, restoreSession, SAVE_MS } from "../state/keeping.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, clear, createSession, deleteLast } from "../state/session.js";
import * as store from "../state/store.js";
import { claimSession } from "../storage/claim.js";
import { newToken } from "./samples.js";
import { pause } from "./server_double.js";

/** @import { KeptSession, NodeId, TokenNode } from "../types/app" */

const start = createSession({ prompt: "Hi", system: "", params: DEFAULT_PARAMS });
/** @type {(() => void)[]} */
const stops = [];
/** @type {Record<string, string>} */
let lateValues = {};
const late = {
  getItem: (/** @type {string} */ key) => lateValues[key] ?? null,
  setItem: (/** @type {string} */ key, /** @type {string} */ value) => void (lateValues[key] = value),
  removeItem: (/** @type {string} */ key) => void delete lateValues[key],
};

beforeEach(() => {
  stops.splice(0).forEach((stop) => stop());
  lateValues = {};
  store.session.value = start;
  store.history.value = NO_HISTORY;
});

function databaseDouble() {
  const sessions = /** @type {Record<string, { kept: KeptSession, nodes: Record<NodeId, TokenNode> }>} */ ({});
  const writes = /** @type {{ added: NodeId[], removed: NodeId[] }[]} */ ([]);
  const double = {
    sessions,
    writes,
    refuses: false,
    read: async (/** @type {string} */ id) => {
      const found = structuredClone(sessions[id]);
      return found ? { kept: found.kept, nodes: Object.values(found.nodes) } : null;
    },
    write: async (/** @type {KeptSession} */ kept, /** @type {{ added: TokenNode[], removed: NodeId[] }} */ { added, removed }) => {
      if (double.refuses) throw new Error("The disk is full.");
      writes.push({ added: added.map(({ id }) => id), removed });
      const nodes = { ...sessions[kept.id]?.nodes };
      for (const id of removed) delete nodes[id];
      for (const node of added) nodes[node.id] = node;
      sessions[kept.id] = structuredClone({ kept, nodes });
    },
  };
  return double;
}

/** @param {ReturnType<typeof databaseDouble>} database @param {(error: unknown) => void} [fail] */
function keep(database, fail = (error) => assert.fail(String(error))) {
  const keeper = keepSession(database, late, "mine", { saved: {}, dirty: false }, fail);
  stops.push(keeper.stop);
  return keeper;
}

/** @param {string} display */
const write = (display) => edit("step", (session) => appendTokens(session, [newToken(display)]));

test("a session comes back with its tokens and its history", async () => {
  const database = databaseDouble();
  const keeper = keep(database);
  write("a");
  write("b");
  edit("delete", deleteLast);
  await keeper.flush();
  const [session, history] = [store.session.value, store.history.value];
  store.session.value = start;
  store.history.value = NO_HISTORY;
  await restoreSession(database, late, "mine");
  assert.deepEqual(store.session.value, session);
  assert.deepEqual(store.history.value, history);
});

test("only new tokens are written, and those that are deleted stay", async () => {
  const database = databaseDouble();
  const keeper = keep(database);
  write("a");
  write("b");
  await keeper.flush();
  write("c");
  await keeper.flush();
  await keeper.flush();
  edit("delete", deleteLast);
  store.history.value = NO_HISTORY;
  await keeper.flush();
  assert.deepEqual(database.writes, [{ added: [1, 2], removed: [] }, { added: [3], removed: [] }, { added: [], removed: [] }]);
});

test("of very many tokens, those that nothing leads to are given up", async () => {
  const database = databaseDouble();
  const keeper = keep(database);
  edit("forced text", (session) => appendTokens(session, Array(20_000).fill(newToken("a"))));
  await keeper.flush();
  edit("clear", clear);
  write("b");
  store.history.value = NO_HISTORY;
  await keeper.flush();
  assert.deepEqual(database.writes.map(({ added, removed }) => [added.length, removed.length]), [[20_000, 0], [1, 20_000]]);
});

test("many changes in a row are one write, and none is none", async () => {
  const database = databaseDouble();
  keep(database);
  await pause(SAVE_MS + 50);
  assert.equal(database.writes.length, 0, "a first visit leaves nothing behind");
  for (const display of "abc") write(display);
  await pause(SAVE_MS + 50);
  assert.deepEqual(database.writes, [{ added: [1, 2, 3], removed: [] }]);
});

test("a refusal is told once, and the next change writes all that is missing", async () => {
  const database = databaseDouble();
  const told = /** @type {unknown[]} */ ([]);
  const keeper = keep(database, (error) => told.push(error));
  database.refuses = true;
  for (const display of "ab") {
    write(display);
    await keeper.flush();
  }
  assert.equal(told.length, 1);
  database.refuses = false;
  write("c");
  await keeper.flush();
  assert.deepEqual(database.writes, [{ added: [1, 2, 3], removed: [] }]);
});

test("what the database had no time for comes back, and is saved then", async () => {
  const database = databaseDouble();
  const keeper = keep(database, () => {});
  write("a");
  await keeper.flush();
  write("b");
  database.refuses = true;
  keeper.leave();
  keeper.stop();
  const session = store.session.value;
  database.refuses = false;
  store.session.value = start;
  const found = await restoreSession(database, late, "mine");
  assert.deepEqual(store.session.value, session);
  assert.ok(found?.dirty);
  const again = keepSession(database, late, "mine", found, (error) => assert.fail(String(error)));
  stops.push(again.stop);
  await again.flush();
  assert.deepEqual(database.writes.at(-1), { added: [2], removed: [] });
  assert.deepEqual(lateValues, {});
});

test("what cannot be read changes nothing", async () => {
  const database = databaseDouble();
  assert.equal(await restoreSession(database, late, "mine"), null);
  const keeper = keep(database);
  write("a");
  await keeper.flush();
  delete database.sessions["mine"]?.nodes[1];
  const before = store.session.value;
  await assert.rejects(restoreSession(database, late, "mine"), /branches\[0\]\.leaf is 1, and there is no such node/);
  assert.equal(store.session.value, before);
});

/** Locks of a browser with these names taken. @param {string[]} taken @returns {any} */
function locksDouble(taken) {
  return {
    taken,
    request: async (/** @type {string} */ name, /** @type {{ signal?: AbortSignal }} */ { signal }, /** @type {(lock: unknown) => unknown} */ use) => {
      if (!taken.includes(name)) return void taken.push(name), void use({ name });
      if (!signal) return void use(null);
      // Node does not stay awake for the signal alone.
      const awake = setInterval(() => {}, 50);
      await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))).finally(() => clearInterval(awake));
    },
  };
}

const A = "tokenscope.session a";
const B = "tokenscope.session b";

/** @type {[string, string | null, string[] | null, { id: string, from: string | null }][]} own session, locks of others, claim */
const CLAIMS = [
  ["a reload goes on with its own session", "a", [], { id: "a", from: "a" }],
  ["a copied tab starts from a copy", "a", [A], { id: "new", from: "a" }],
  ["a new tab takes what was changed last", null, [], { id: "b", from: "b" }],
  ["a new tab takes only what is free", null, [B], { id: "a", from: "a" }],
  ["a new tab beside others begins anew", null, [A, B], { id: "new", from: null }],
  ["without locks a new tab starts from a copy", null, null, { id: "new", from: "b" }],
  ["without locks a reload goes on", "a", null, { id: "a", from: "a" }],
];
for (const [name, own, taken, expected] of CLAIMS)
  test(name, async () => {
    const memory = /** @type {Record<string, string>} */ (own === null ? {} : { "tokenscope.session": own });
    const locks = taken && locksDouble([...taken]);
    const claim = await claimSession({
      memory: { getItem: (key) => memory[key] ?? null, setItem: (key, value) => void (memory[key] = value) },
      locks: locks ?? undefined,
      list: async () => /** @type {any[]} */ ([{ id: "a", changed: 1 }, { id: "b", changed: 2 }]),
      newId: () => "new",
    });
    assert.deepEqual(claim, expected);
    assert.equal(memory["tokenscope.session"], expected.id);
    if (locks) assert.ok(locks.taken.includes(`tokenscope.session ${expected.id}`), "the claim is locked");
  });
