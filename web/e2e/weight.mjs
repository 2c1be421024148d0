// What a first visit fetches, as gzip would send it, and how long it takes until the page can be used: a
// field to type into, and the first tokens beside it, drawn. Not part of the checks, since times depend on the machine.
//
//   node e2e/weight.mjs --url http://127.0.0.1:PORT [--steps VISITS] [--chromium PATH]

import { loadavg } from "node:os";
import { gzipSync } from "node:zlib";
import { assert, run } from "./browser.mjs";

const MOST_BYTES = 150_000;
const MOST_MS = 300;
const SETTLED_MS = 1500;
/** What the page says when it is of use. */
const SIGN = "the page is of use";

await run("weight", async (options, browser) => {
  const times = [];
  let zipped = NaN;
  for (let visit = 0; visit < options.steps; visit += 1) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
    const page = await context.newPage();
    const bodies = /** @type {Promise<{ path: string, size: number, zipped: number }>[]} */ ([]);
    page.on("response", (response) => {
      const { pathname } = new URL(response.url());
      // Answers about the model are not the page.
      if (visit === 0 && !pathname.startsWith("/api/")) bodies.push(response.body().then((body) => ({ path: pathname, size: body.length, zipped: gzipSync(body).length })));
    });
    await page.addInitScript(watchUse, SIGN);
    // To wait in the page would put a script into it that the browser then reads while we measure.
    const used = page.waitForEvent("console", { predicate: (message) => message.text() === SIGN, timeout: 60_000 });
    // A new window is busy with what Chromium itself shows there, on one of the processors for half a second. Nobody
    // types an address that fast.
    await page.waitForTimeout(SETTLED_MS);
    await page.goto(options.url);
    await used;
    times.push(await page.evaluate(() => window.__use));
    if (visit === 0) zipped = tellWeight(await Promise.all(bodies));
    await context.close();
  }
  const [load = NaN] = loadavg();
  const middle = (/** @type {number[]} */ all) => all.sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? NaN;
  const [field, tokens] = [middle(times.map((one) => one.field)), middle(times.map((one) => one.tokens))];
  console.log(`  ${options.steps} first visits at load ${load.toFixed(1)}, from navigation on: a field to type into after ${field.toFixed(0)} ms, tokens after ${tokens.toFixed(0)} ms (medians); tokens ${times.map((one) => one.tokens.toFixed(0)).join(", ")} ms`);
  assert(zipped < MOST_BYTES, `the page should be lighter than ${MOST_BYTES} bytes and has ${zipped}.`);
  assert(tokens < MOST_MS, `the page should be of use after ${MOST_MS} ms and is after ${tokens.toFixed(0)} ms.`);
}, 5);

/** @param {{ path: string, size: number, zipped: number }[]} files */
function tellWeight(files) {
  const sum = (/** @type {"size" | "zipped"} */ what) => files.reduce((total, file) => total + file[what], 0);
  console.log(`  ${files.length} files, ${(sum("size") / 1000).toFixed(1)} kB, ${(sum("zipped") / 1000).toFixed(1)} kB gzipped`);
  return sum("zipped");
}

/**
 * Runs in the page: when the field is there and when the first tokens are, in ms from navigation on.
 * @param {string} sign
 */
function watchUse(sign) {
  const use = (window.__use = { field: 0, tokens: 0 });
  const look = () => {
    const field = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#prompt-text"));
    if (field && !field.disabled) use.field ||= performance.now();
    if (!use.field || !document.querySelector(".pills .token") || !document.querySelector(".row-item")) return void requestAnimationFrame(look);
    // They are laid out and painted after this, and only then can anybody use them.
    setTimeout(() => {
      use.tokens = performance.now();
      console.log(sign);
    });
  };
  requestAnimationFrame(look);
}
