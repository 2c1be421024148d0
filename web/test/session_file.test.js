// Session files: what is written can be read, and nothing else can.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ShapeError } from "../lib/shape.js";
import { sessionIn } from "../replay/data.js";
import { replayPage } from "../replay/page.js";
import { fork } from "../state/branches.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, completionOf, createSession, deleteLast } from "../state/session.js";
import { addSession, readSession, writeSession } from "../state/session_file.js";
import { newToken, PARIS, pill } from "./samples.js";

/** @import { Session } from "../types/app" */

const start = createSession({ prompt: "Say </script><b>hi</b>", system: "Be kind.", params: { ...DEFAULT_PARAMS, stop_sequences: ["\n"] } });
const one = appendTokens(start, [newToken("a", { dist: PARIS, seed_used: 5 }), newToken("b", { stop_reason: "eos_token", origin: "forced:token", constraint: { enabled: true, type: "regex", schema: "b+", whitespace: "single", anchor: 1 } })]);
/** Two branches, "a" and "ac"; "b" was deleted on both. */
const session = appendTokens(fork(deleteLast(one)), [newToken("c", { token: pill(99, "<img src=x>", { special: true }) })]);

/** @param {Session} session */
const texts = (session) => session.branches.map((branch) => completionOf(session, branch.leaf).map((node) => node.token.display).join(""));

test("what is written is read", () => {
  const read = readSession(writeSession(one));
  assert.deepEqual(read, one);
  assert.deepEqual(readSession(writeSession(start)), start);
});

test("deleted tokens are not in the file", () => {
  assert.deepEqual(Object.keys(readSession(writeSession(session)).nodes), ["1", "3"]);
});

test("the inputs of a file come beside those that are here, whatever their numbers", () => {
  const added = addSession(one, readSession(writeSession(session)));
  assert.deepEqual(texts(added), ["ab", "a", "a<img src=x>"]);
  assert.equal(added.active, 2);
  assert.equal(new Set(added.branches.map((branch) => branch.id)).size, 3);
  assert.deepEqual(added.nodes[1], one.nodes[1]);
});

/** @param {(file: any) => unknown} change */
function changed(change) {
  const file = JSON.parse(writeSession(one));
  change(file);
  return JSON.stringify(file);
}

/** @type {[string, string, RegExp][]} what, file, complaint */
const WRONG = [
  ["no JSON", "{", /^The file is not JSON: /],
  ["another JSON", '{"a":1}', /^This is no session of Tokenscope\.$/],
  ["null", "null", /^This is no session of Tokenscope\.$/],
  ["a newer version", changed((file) => (file.version = 2)), /^The file has version 2\. .* newer one may read it\.$/],
  ["no nodes", changed((file) => delete file.nodes), /^nodes should be a list, and is missing\.$/],
  ["no branch", changed((file) => (file.branches = [])), /^branches has no entry\.$/],
  ["too many branches", changed((file) => (file.branches = Array(501).fill(file.branches[0]))), /^branches has 501 entries, and may have 500 at most\.$/],
  ["an active branch that is not there", changed((file) => (file.active = 1)), /^active is 1, and there are 1 branches\.$/],
  ["a leaf that is not there", changed((file) => (file.branches[0].leaf = 7)), /^branches\[0\]\.leaf is 7, and there is no such node\.$/],
  ["a circle", changed((file) => (file.nodes[0].parent = 2)), /^nodes\[0\]\.parent is 2, and should be a node before it with a smaller id\.$/],
  ["its own parent", changed((file) => (file.nodes[0].parent = 1)), /^nodes\[0\]\.parent is 1, /],
  ["an orphan", changed((file) => file.nodes.shift()), /^nodes\[0\]\.parent is 1, /],
  ["the same node twice", changed((file) => (file.nodes[1].id = 1)), /^nodes\[1\]\.id is 1, as is that of another node\.$/],
  ["a text for a number", changed((file) => (file.nodes[0].token.id = "5")), /^nodes\[0\]\.token\.id should be a whole number from 0 on, and is "5"\.$/],
  ["a number for a text", changed((file) => (file.nodes[0].token.display = 5)), /^nodes\[0\]\.token\.display should be a text, and is 5\.$/],
  ["an unknown origin", changed((file) => (file.nodes[1].origin = "magic")), /^nodes\[1\]\.origin should be one of sampled, .*, and is "magic"\.$/],
  ["a constraint of another kind", changed((file) => (file.nodes[1].constraint.anchor = -1)), /^nodes\[1\]\.constraint\.anchor should be a whole number from 0 on, and is -1\.$/],
  ["a constraint that is none", changed((file) => (file.nodes[1].constraint = 5)), /^nodes\[1\]\.constraint should be an object, and is 5\.$/],
  ["no settings", changed((file) => (file.branches[0].params = [])), /^branches\[0\]\.params should be an object, and is a list\.$/],
  ["a hole in a distribution", changed((file) => delete file.nodes[0].dist.tokens[1].p_base), /^nodes\[0\]\.dist\.tokens\[1\]\.p_base should be a number, and is missing\.$/],
  ["too many rows", changed((file) => (file.nodes[0].dist.tokens = Array(51).fill(file.nodes[0].dist.tokens[0]))), /^nodes\[0\]\.dist\.tokens has 51 entries/],
  ["a huge text", changed((file) => (file.branches[0].prompt = "x".repeat(1_000_001))), /^branches\[0\]\.prompt has 1000001 characters/],
];
for (const [what, file, complaint] of WRONG)
  test(`${what} is refused with a sentence`, () => assert.throws(() => readSession(file), (error) => error instanceof ShapeError && complaint.test(error.message) || assert.fail(String(error))));

test("what a session does not have is not taken over", () => {
  const file = changed((one) => Object.assign(one.branches[0], { evil: 1 }, JSON.parse('{"__proto__":{"polluted":1}}')));
  const [branch] = readSession(file).branches;
  assert.deepEqual(Object.keys(branch ?? {}).sort(), Object.keys(one.branches[0] ?? {}).sort());
  assert.equal(/** @type {any} */ ({}).polluted, undefined);
});

test("an exported page is also a session file", () => {
  assert.deepEqual(texts(readSession(sessionIn(replayPage(session)) ?? "")), ["a", "a<img src=x>"]);
  assert.equal(sessionIn(writeSession(session)), null);
});

test("an exported page asks nobody for anything, and texts end no element", () => {
  const page = replayPage(session);
  assert.doesNotMatch(page, /https?:|\bimport\b|src=(?!x)|href=|innerHTML/);
  assert.match(page, /default-src 'none'/);
  assert.equal(page.match(/<\/script>/g)?.length, 3);
  assert.equal(page.includes("<img"), false);
});
