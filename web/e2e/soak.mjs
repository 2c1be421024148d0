// 500 steps over three inputs with knobs moved in between, a reload, and a server that is killed and
// started again: no errors, and every token that the server ever gave is still there.
//
//   node e2e/soak.mjs --server ../target/debug/tokenscope --url http://127.0.0.1:PORT [--steps N] [--chromium PATH]
//
// The program is started by this script, on the address's port, which has to be free.

import { spawn } from "node:child_process";
import { assert, fail, openReady, run, watch } from "./browser.mjs";
import { button, forceText, settle, stepBy } from "./page.mjs";

/** @import { ChildProcess } from "node:child_process" */
/** @import { Page } from "@playwright/test" */
/** @import { Options } from "./browser.mjs" */

const MODEL = "builtin:smollm2-135m-instruct";
const PROMPTS = ["The capital of France is", "Count from one to a hundred in words.", "Tell me a story about the sea."];
/** Each input is gone on with for so many steps at a time. */
const TURN = 10;
const KNOBS = [["Temperature", ["0.40", "0.90", "1.30"]], ["Top-p (nucleus)", ["0.80", "0.95", "1.00"]]];
/** What Chromium says of a request that nobody answers; it says nothing of the kind for an answer. */
const UNANSWERED = /^console error: Failed to load resource: net::ERR_/;

await run("soak", async (options, browser) => {
  if (options.server === "") fail("--server PATH is needed: the program to start.");
  let server = await start(options);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    const complaints = watch(page.context(), options.url);
    await openReady(page, options.url);
    await openInputs(page);
    const books = { ids: PROMPTS.map(() => /** @type {number[]} */ ([])), given: 0, answers: 0, ends: 0, knobs: 0, unanswered: 0 };
    page.on("response", (one) => {
      if (new URL(one.url()).pathname === "/api/step" && one.status() === 200) books.answers += 1;
    });
    const before = await memory(page);
    const started = Date.now();
    const [reloadAt, killAt] = [Math.floor(options.steps / 3), Math.floor((options.steps * 2) / 3)];
    let [reloaded, killed, turn] = [false, false, 0];
    while (books.answers < options.steps) {
      const which = turn % PROMPTS.length;
      await choose(page, which);
      await moveKnob(page, turn);
      books.knobs += 1;
      for (let steps = 0; steps < TURN && books.answers < options.steps; steps += 1) await stepOn(page, books, which);
      if (!reloaded && books.answers >= reloadAt) {
        await compare(page, books, "before the reload");
        await page.reload();
        await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
        await compare(page, books, "after the reload");
        reloaded = true;
      }
      if (!killed && books.answers >= killAt) {
        assert(complaints.length === 0, complaints.join("\n"));
        await end(server);
        await button(page, "Step").click();
        await page.getByText("Server error", { exact: true }).waitFor({ timeout: 10_000 });
        await page.waitForTimeout(3000);
        server = await start(options);
        await page.getByText("Server OK", { exact: true }).waitFor({ timeout: 30_000 });
        await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
        await compare(page, books, "after the restart");
        // Requests of the time without a server; whatever else was said counts.
        const others = complaints.splice(0).filter((one) => !(UNANSWERED.test(one) && ++books.unanswered));
        assert(others.length === 0, others.join("\n"));
        killed = true;
      }
      assert(complaints.length === 0, complaints.join("\n"));
      turn += 1;
    }
    await compare(page, books, "at the end");
    assert(complaints.length === 0, complaints.join("\n"));
    const after = await memory(page);
    console.log(`  ${books.answers} steps answered in ${((Date.now() - started) / 1000).toFixed(0)} s: ${books.given} tokens, ${books.ids.map((ids) => ids.length).join(" + ")} on the three inputs, ${books.ends} ends, ${books.knobs} moves of a knob`);
    console.log(`  one reload, one restart (${books.unanswered} requests of the time without a server told as such); nothing else on the console, nothing lost`);
    console.log(`  memory: ${before} MB at first, ${after} MB at the end`);
  } finally {
    await end(server);
  }
}, 500);

/** @param {Options} options */
async function start({ server, url }) {
  const child = spawn(server, ["--model", MODEL, "--port", new URL(url).port], { stdio: "ignore" });
  const deadline = Date.now() + 60_000;
  while (Date.now() < deadline) {
    assert(child.exitCode === null, `${server} ended with ${child.exitCode}; is the port free?`);
    const answer = await fetch(`${url}/api/model/status`).catch(() => null);
    if (answer?.ok && (await answer.json()).ready) return child;
    await new Promise((wake) => setTimeout(wake, 100));
  }
  child.kill("SIGKILL");
  return fail("the program did not become ready within a minute.");
}

/** @param {ChildProcess} child */
async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await new Promise((wake) => child.once("exit", wake));
}

/** @param {Page} page */
async function openInputs(page) {
  for (const [index, prompt] of PROMPTS.entries()) {
    if (index > 0) await button(page, "New input").click();
    const field = page.locator("#prompt-text");
    if ((await field.inputValue()) !== prompt) await calm(page, () => field.fill(prompt));
  }
}

/**
 * Does something that makes the page look anew, maybe several times, and waits until it has.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 */
async function calm(page, act) {
  await act();
  await page.waitForTimeout(600);
  await settle(page);
}

/** @param {Page} page @param {number} which */
async function choose(page, which) {
  const card = page.locator(".input-cards > *").nth(which);
  if (!/\bwaiting\b/.test((await card.getAttribute("class")) ?? "")) return;
  await calm(page, () => card.click());
}

/** @param {Page} page @param {number} turn */
async function moveKnob(page, turn) {
  const [name, values] = /** @type {[string, string[]]} */ (KNOBS[turn % KNOBS.length]);
  const card = page.getByRole("button", { name: "Generation parameters" });
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  const field = page.getByLabel(`${name}, exact value`);
  const value = values[Math.floor(turn / KNOBS.length) % values.length] ?? "";
  if (Number(await field.inputValue()) === Number(value)) return;
  await calm(page, async () => {
    await field.fill(value);
    await field.press("Enter");
  });
}

/**
 * One step; where a text ends, its end is taken away and some words forced.
 * @param {Page} page
 * @param {{ ids: number[][], given: number, ends: number }} books
 * @param {number} which
 */
async function stepOn(page, books, which) {
  const note = (/** @type {{ new_completion_ids: number[], appended: unknown[] }} */ answer) => {
    books.ids[which] = answer.new_completion_ids;
    books.given += answer.appended.length;
  };
  const answer = await stepBy(page, () => button(page, "Step").click());
  note(answer);
  if (!answer.done) return settle(page);
  books.ends += 1;
  await calm(page, () => button(page, "Delete last token").click());
  note(await forceText(page, " And then"));
}

/**
 * What this browser keeps, against what the server said: the completion of each input, and every
 * token that was ever given, on a branch or no longer.
 * @param {Page} page
 * @param {{ ids: number[][], given: number }} books
 * @param {string} when
 */
async function compare(page, books, when) {
  await page.waitForTimeout(1500);
  const kept = await page.evaluate(readKept);
  const expected = JSON.stringify(books.ids);
  assert(JSON.stringify(kept.paths) === expected, `${when}, the inputs should have the tokens ${expected} and have ${JSON.stringify(kept.paths)}.`);
  assert(kept.count === books.given, `${when}, ${books.given} tokens should be kept and ${kept.count} are.`);
  for (const [which, ids] of books.ids.entries()) {
    await choose(page, which);
    const shown = await page.locator(".token[data-index]").count();
    assert(shown === ids.length, `${when}, input ${which + 1} should show ${ids.length} tokens and shows ${shown}.`);
  }
}

/** Runs in the page. */
async function readKept() {
  /** @param {IDBRequest} request @returns {Promise<any>} */
  const answer = (request) => new Promise((resolve, reject) => ((request.onsuccess = () => resolve(request.result)), (request.onerror = () => reject(request.error))));
  const database = await answer(indexedDB.open("tokenscope.sessions"));
  const stores = database.transaction(["sessions", "nodes"]);
  const [sessions, nodes] = await Promise.all([answer(stores.objectStore("sessions").getAll()), answer(stores.objectStore("nodes").getAll())]);
  database.close();
  const known = new Map(nodes.map((/** @type {any} */ node) => [node.id, node]));
  const paths = sessions[0].branches.map((/** @type {any} */ { leaf }) => {
    const ids = [];
    for (let id = leaf; id !== null; id = known.get(id).parent) ids.unshift(known.get(id).token.id);
    return ids;
  });
  return { paths, count: nodes.length };
}

/** In use after a collection. @param {Page} page */
async function memory(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("HeapProfiler.collectGarbage");
  const { usedSize } = await session.send("Runtime.getHeapUsage");
  await session.detach();
  return (usedSize / 1e6).toFixed(1);
}
