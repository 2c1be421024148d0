// What a first visit fetches, as gzip would send it, and how long it takes until the page can be used: a
// field to type into, and the first tokens beside it, drawn. Not part of the checks, since times depend on the machine.
//
//   node e2e/weight.mjs --url http://127.0.0.1:PORT [--steps VISITS] [--chromium PATH]

import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { assert, openReady, run } from "./browser.mjs";
import { attach } from "./bare_tab.mjs";

/** @import { Browser } from "@playwright/test" */
/** @typedef {{ field: number, tokens: number }} Use in ms from navigation on */

const MOST_BYTES = 150_000;
const MOST_MS = 300;
/**
 * A new window is busy for half a second with what Chromium itself shows there, on one of the processors.
 * Nobody types an address that fast.
 */
const SETTLED_MS = 1500;

await run("weight", async (options, browser) => {
  const zipped = await weigh(browser, options.url);
  const times = [];
  for (let visit = 0; visit < options.steps; visit += 1) times.push(await timeVisit(browser, options.url));
  const [load = NaN] = loadavg();
  const middle = (/** @type {number[]} */ all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
  const [field, tokens] = [middle(times.map((one) => one.field)), middle(times.map((one) => one.tokens))];
  console.log(`  ${options.steps} first visits at load ${load.toFixed(1)}, from navigation on: a field to type into after ${field.toFixed(0)} ms, tokens after ${tokens.toFixed(0)} ms (medians); tokens ${times.map((one) => one.tokens.toFixed(0)).join(", ")} ms`);
  assert(zipped < MOST_BYTES, `the page should be lighter than ${MOST_BYTES} bytes and has ${zipped}.`);
  assert(tokens < MOST_MS, `the page should be of use after ${MOST_MS} ms and is after ${tokens.toFixed(0)} ms.`);
}, 5);

/** @param {Browser} browser @param {string} url */
async function weigh(browser, url) {
  const page = await browser.newPage();
  const bodies = /** @type {Promise<{ size: number, zipped: number }>[]} */ ([]);
  page.on("response", (response) => {
    // Answers about the model are not the page.
    if (!new URL(response.url()).pathname.startsWith("/api/")) bodies.push(response.body().then((body) => ({ size: body.length, zipped: gzipSync(body).length })));
  });
  await openReady(page, url);
  // What the page asks for last may still be on its way.
  await sleep(500);
  const files = await Promise.all(bodies);
  await page.close();
  const sum = (/** @type {"size" | "zipped"} */ what) => files.reduce((total, file) => total + file[what], 0);
  console.log(`  ${files.length} files, ${(sum("size") / 1000).toFixed(1)} kB, ${(sum("zipped") / 1000).toFixed(1)} kB gzipped`);
  return sum("zipped");
}

/**
 * @param {Browser} browser
 * @param {string} url
 * @returns {Promise<Use>}
 */
async function timeVisit(browser, url) {
  const tab = await attach(browser, { width: 1280, height: 720 });
  await tab.send("Page.enable");
  await tab.send("Page.addScriptToEvaluateOnNewDocument", { source: `(${watchUse})()` });
  await sleep(SETTLED_MS);
  await tab.send("Page.navigate", { url });
  // To ask while the page begins would be work of its own.
  for (let asked = 0; asked < 60; asked += 1) {
    await sleep(1000);
    const { result } = await tab.send("Runtime.evaluate", { expression: "window.__use", returnByValue: true });
    if (result.value?.tokens > 0) return tab.close().then(() => result.value);
  }
  throw new Error("the page is of no use after a minute.");
}

/** Runs in the page. */
function watchUse() {
  const use = (window.__use = { field: 0, tokens: 0 });
  const look = () => {
    const field = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#prompt-text"));
    if (field && !field.disabled) use.field ||= performance.now();
    if (!use.field || !document.querySelector(".stack-rows .token") || !document.querySelector(".row-item")) return void requestAnimationFrame(look);
    // They are laid out and painted after this, and only then can anybody use them.
    setTimeout(() => (use.tokens = performance.now()));
  };
  requestAnimationFrame(look);
}
