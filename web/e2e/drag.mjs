// Drags a slider through 60 values, with 50 rows and 25 tokens of context, and prints how the page keeps up
// with the hand: the frames, how far the numbers are behind, how many answers are painted. Not part of the
// checks, since times depend on the machine.
//
//   node e2e/drag.mjs --url http://127.0.0.1:PORT [--steps DRAGS] [--chromium PATH]

import { loadavg } from "node:os";
import { assert, assertNoComplaints, isAnswer, openReady, run, watch } from "./browser.mjs";
import { openCard } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const VALUES = 60;
/** A hand takes about a second for it. */
const MOVE_MS = 16;
/** Without the template these are 25 tokens for the built-in model. */
const TEXT = "The quick brown fox jumps over the lazy dog, and then it runs all the way back to the very old house by the";

await run("drag", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const complaints = watch(page.context(), options.url);
  await page.addInitScript(() => localStorage.setItem("llmDemo.topK", "50"));
  await page.addInitScript(watchDrag);
  await openReady(page, options.url);
  await page.getByRole("switch", { name: "Use chat template" }).uncheck({ force: true });
  const [response] = await Promise.all([
    page.waitForResponse((one) => isAnswer(one, "/api/preview") && one.request().postDataJSON().prompt === TEXT && one.request().postDataJSON().tokens_only !== true),
    page.locator("#prompt-text").fill(TEXT),
  ]);
  const answer = await response.json();
  console.log(`  ${answer.prompt_tokens.length} tokens of context, ${answer.dist.tokens.length} rows, ${JSON.stringify(answer).length} characters an answer`);
  await openCard(page, "Generation parameters");
  for (let drag = 1; drag <= options.steps; drag += 1) {
    const seen = await dragOnce(page);
    assert(seen.inputs.length >= VALUES * 0.9, `the slider took ${seen.inputs.length} of ${VALUES} values.`);
    const frames = spread(seen.frames);
    const quick = Math.round((100 * seen.frames.filter((ms) => ms < 20).length) / seen.frames.length);
    const [load = NaN] = loadavg();
    console.log(
      `  drag ${drag} at load ${load.toFixed(1)}: ${seen.inputs.length} values in ${seen.frames.length} frames of ${frames}, ${quick} % under 20 ms; ` +
        `numbers behind the hand ${spread(seen.lags)}; ${seen.answers} answers painted before release, ${seen.paints} times; ` +
        `at most ${seen.inFlight} in flight; a request takes ${spread(seen.asks)}, its parsing ${spread(seen.parses)}`,
    );
  }
  assertNoComplaints(complaints);
}, 3);

/** @param {number[]} times */
function spread(times) {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1);
  return `${at(0.5)} / ${at(0.95)} / ${at(1)} ms (half, 95 %, all)`;
}

/** @param {Page} page */
async function dragOnce(page) {
  const slider = page.locator("#knob-temperature");
  await slider.fill("0.4");
  await page.waitForTimeout(1000);
  const box = await slider.boundingBox();
  assert(box, "the slider should be on screen.");
  // The thumb's middle goes from half its width to half its width before the end.
  const x = (/** @type {number} */ value) => box.x + 8 + ((box.width - 16) * value) / 2;
  const y = box.y + box.height / 2;
  await page.mouse.move(x(0.4), y);
  await page.mouse.down();
  await page.waitForTimeout(300);
  await page.evaluate(() => window.__drag.begin());
  for (let move = 1; move <= VALUES; move += 1) {
    const due = Date.now() + MOVE_MS;
    await page.mouse.move(x(0.4 + move * 0.02), y);
    await page.waitForTimeout(Math.max(0, due - Date.now()));
  }
  const seen = await page.evaluate(() => window.__drag.end());
  await page.mouse.up();
  await page.waitForTimeout(500);
  return seen;
}

/** Runs in the page: frames, values, answers, and when which of them are painted. */
function watchDrag() {
  const empty = () => ({
    inputs: /** @type {number[]} */ ([]), frames: /** @type {number[]} */ ([]), lags: /** @type {number[]} */ ([]),
    asks: /** @type {number[]} */ ([]), parses: /** @type {number[]} */ ([]), answers: 0, paints: 0, inFlight: 0,
  });
  let seen = empty();
  let [on, lastFrame, flying, painted] = [false, 0, 0, ""];
  const valueAt = /** @type {Map<number, number>} */ (new Map());
  const valueOf = /** @type {Map<string, number>} */ (new Map());
  const different = new Set();
  const textOf = (/** @type {string[]} */ numbers) => numbers.slice(0, 6).join(" ");
  let format = (/** @type {number} */ p) => String(p);

  document.addEventListener("input", (event) => {
    const { id, value } = /** @type {HTMLInputElement} */ (event.target);
    if (!on || id !== "knob-temperature") return;
    seen.inputs.push(Number(value));
    valueAt.set(Number(value), event.timeStamp);
  }, true);

  const ask = window.fetch;
  window.fetch = async (path, init) => {
    if (!String(path).startsWith("/api/preview")) return ask(path, init);
    flying += 1;
    seen.inFlight = Math.max(seen.inFlight, flying);
    const asked = performance.now();
    try {
      const response = await ask(path, init);
      const text = await response.text();
      const answered = performance.now();
      const { dist } = JSON.parse(text);
      if (on) seen.asks.push(answered - asked), seen.parses.push(performance.now() - answered);
      if (dist) valueOf.set(textOf(dist.tokens.map((/** @type {{ p_final: number }} */ row) => format(row.p_final))), JSON.parse(String(init?.body)).params.temperature);
      return new Response(text, { status: response.status, headers: response.headers });
    } finally {
      flying -= 1;
    }
  };

  function look() {
    const text = textOf([...document.querySelectorAll(".rows .row-item .row-final")].slice(0, 6).map((one) => one.textContent ?? ""));
    if (text === painted) return;
    painted = text;
    seen.paints += 1;
    different.add(text);
    const at = valueAt.get(valueOf.get(text) ?? NaN);
    // What the frame that comes now paints is on screen when the next task runs.
    if (at !== undefined) requestAnimationFrame(() => setTimeout(() => seen.lags.push(performance.now() - at)));
  }

  function frame(/** @type {number} */ now) {
    if (!on) return;
    seen.frames.push(now - lastFrame);
    lastFrame = now;
    requestAnimationFrame(frame);
  }

  const observer = new MutationObserver(look);
  window.__drag = {
    async begin() {
      format = (await import(/** @type {string} */ ("/lib/format.js"))).formatProbability;
      observer.observe(document.body, { subtree: true, childList: true, characterData: true });
      valueAt.clear();
      different.clear();
      seen = empty();
      [on, lastFrame] = [true, performance.now()];
      requestAnimationFrame((now) => {
        lastFrame = now;
        requestAnimationFrame(frame);
      });
    },
    end() {
      on = false;
      observer.disconnect();
      return { ...seen, answers: different.size };
    },
  };
}
