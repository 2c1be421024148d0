// The page that an exported session is: what its program shows, without a browser.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseHTML } from "linkedom";
import { LEVELS, LINES_UNDER, SHADES } from "../lib/tint.js";
import { replayPage } from "../replay/page.js";
import { picked } from "../replay/picked.js";
import { play } from "../replay/player.js";
import { fork } from "../state/branches.js";
import { DEFAULT_PARAMS } from "../state/params.js";
import { appendTokens, createSession, deleteLast } from "../state/session.js";
import { newToken, PARIS, pill } from "./samples.js";
import { pause } from "./server_double.js";

/** @import { Session } from "../types/app" */

const start = createSession({ prompt: "Say </script><b>hi</b>", system: "Be kind.", params: DEFAULT_PARAMS });
const one = appendTokens(start, [newToken("a", { token: pill(1, "a"), dist: PARIS, seed_used: 5 }), newToken("b")]);
/** Two branches, "a" and "ac". */
const session = appendTokens(fork(deleteLast(one)), [newToken("c", { token: pill(99, "<img src=x>", { special: true }) })]);

/** @param {Session} session */
function open(session) {
  const { document } = parseHTML(replayPage(session));
  play(/** @type {any} */ (document), picked);
  const byId = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
  const words = () => [...byId("words").children].filter((word) => !word.hidden).map((word) => word.textContent);
  return { document, byId, words };
}

test("tokens are shown as text, and step", () => {
  const { byId, words } = open(session);
  assert.deepEqual(words(), ["a", "<img src=x>"]);
  assert.equal(byId("words").querySelector("img"), null);
  assert.equal(byId("prompt-text").textContent, "Say </script><b>hi</b>");
  assert.deepEqual([byId("count").textContent, byId("table").hidden, byId("none").hidden], ["2 of 2 tokens", true, false]);
  byId("back").click();
  assert.deepEqual(words(), ["a"]);
  assert.equal(byId("pick").textContent, "Token 1: a");
  assert.match(byId("how").textContent, /drawn by chance, seed 5 · temperature 0.7, top-p 0.8, repetition 1.05/);
  assert.deepEqual([...byId("rows").querySelectorAll("tr")].map((row) => row.querySelector("th")?.textContent ?? row.textContent), ["Paris ← taken", "␣The", "cut by top-p", "London", "all others"]);
  assert.equal(byId("rows").querySelector(".chosen .final").style.width, "60%");
  byId("branches").querySelector("input").dispatchEvent(new (byId("words").ownerDocument.defaultView.Event)("change"));
  assert.deepEqual(words(), ["a"]);
});

test("before the first token nothing is given away", () => {
  const { byId, words } = open(session);
  byId("start").click();
  assert.deepEqual([words(), byId("pick").textContent, byId("rows").querySelector(".chosen")], [[], "Token 1: ?", null]);
});

test("Play writes one token after another, stops at the end, and begins anew from there", async () => {
  const { byId, words } = open(session);
  byId("play").click();
  assert.deepEqual([words(), byId("play").textContent], [[], "Pause"]);
  for (let patience = 0; patience < 200 && byId("play").textContent === "Pause"; patience += 1) await pause(20);
  assert.deepEqual([words().length, byId("play").textContent], [2, "Play"]);
  byId("play").click();
  byId("play").click();
  assert.deepEqual([words(), byId("play").textContent], [[], "Play"]);
});

test("words are tinted as in the text view, and by what is chosen", () => {
  const { byId, document } = open(session);
  const [first] = byId("words").children;
  const choose = (/** @type {number} */ index) => byId("measures").querySelectorAll("input")[index].dispatchEvent(new (document.defaultView ?? window).Event("change"));
  // p is 0.582: (1 - p) * 8 is in the fourth level; 0.78 bits in the first; the entropy is 2 bits.
  assert.match(first.style.background, / 18%/);
  choose(1);
  assert.deepEqual([/ 0%/.test(first.style.background), byId("low").textContent], [true, "the model was sure"]);
  choose(2);
  assert.match(first.style.background, / 12%/);
  choose(3);
  assert.deepEqual([/ 0%/.test(first.style.background), byId("legend").hidden], [true, true]);
});

test("the style sheet and the constants for where no style sheet reaches say the same", () => {
  const css = readFileSync(new URL("../style/reading.css", import.meta.url), "utf8");
  for (let level = 0; level < LEVELS; level += 1) {
    const rule = css.match(new RegExp(`\\[data-tint="${level}"\\] \\{([^}]*)\\}`))?.[1] ?? "";
    assert.deepEqual([Number(rule.match(/(\d+)%/)?.[1] ?? 0), Number(rule.match(/--under: (\d+)px/)?.[1] ?? 0)], [SHADES[level], LINES_UNDER[level]], `level ${level}`);
  }
});
