// Presses Finish with 10 rows and lets it take 300 tokens: how many steps a second the page does and shows,
// and what its frames are like meanwhile. Not part of the checks, since times depend on the machine.
//
//   node e2e/finish.mjs --url http://127.0.0.1:PORT [--steps TIMES] [--chromium PATH]

import { loadavg } from "node:os";
import { assert, assertNoComplaints, openReady, run, watch } from "./browser.mjs";
import { button, completionLength, openCard, previewBy } from "./page.mjs";

await run("finish", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
  const complaints = watch(page.context(), options.url);
  await page.addInitScript(watchSteps);
  await openReady(page, options.url);
  await openCard(page, "Generation parameters");
  // Without an end in sight.
  await previewBy(page, () => page.getByRole("switch", { name: "Use chat template" }).uncheck({ force: true }));
  await previewBy(page, () => button(page, "Creative").click());
  for (let time = 1; time <= options.steps; time += 1) {
    await page.waitForTimeout(1000);
    await page.evaluate(() => window.__finish.begin());
    await button(page, "Finish").click();
    await page.locator(".message", { hasText: "Stopped" }).waitFor({ timeout: 120_000 });
    const { frames, lengths, steps, requests, ms } = await page.evaluate(() => window.__finish.end());
    const sorted = [...frames].sort((a, b) => a - b);
    const at = (/** @type {number} */ share) => (sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN).toFixed(1);
    const [load = NaN] = loadavg();
    console.log(
      `  run ${time} at load ${load.toFixed(1)}: ${steps} steps in ${(ms / 1000).toFixed(1)} s, ${((1000 * steps) / ms).toFixed(0)} a second; ` +
        `${lengths} lengths painted; ${requests} requests; frames ${at(0.5)} / ${at(0.95)} / ${at(1)} ms (half, 95 %, all); the bar says ${await page.locator(".facts").innerText().then((text) => text.replaceAll("\n", " "))}`,
    );
    assert(steps > 0, "there should be steps.");
    await previewBy(page, () => button(page, "Undo").click());
    assert((await completionLength(page)) === 0, "one Undo should take all of them back.");
  }
  assertNoComplaints(complaints);
}, 3);

/** Runs in the page: frames, lengths of the completion that were painted, requests, and how long it played. */
function watchSteps() {
  let [on, start, end, lastFrame, requests, steps] = [false, 0, 0, 0, 0, 0];
  let frames = /** @type {number[]} */ ([]);
  let lengths = new Set();
  const ask = window.fetch;
  window.fetch = async (path, init) => {
    if (!String(path).startsWith("/api/step") && !String(path).startsWith("/api/preview")) return ask(path, init);
    if (on) requests += 1;
    const response = await ask(path, init);
    if (on && String(path).startsWith("/api/step")) [steps, end] = [steps + 1, performance.now()];
    return response;
  };
  function frame(/** @type {number} */ now) {
    if (!on) return;
    if (requests > 0 && lastFrame > 0) frames.push(now - lastFrame);
    lastFrame = now;
    // "27 tokens" beside the input's name: long lists do not draw all of theirs.
    lengths.add(document.querySelector(".input-head .numbers")?.textContent);
    requestAnimationFrame(frame);
  }
  window.__finish = {
    begin() {
      [on, lastFrame, requests, steps, frames, lengths] = [true, 0, 0, 0, [], new Set()];
      start = performance.now();
      requestAnimationFrame(frame);
    },
    end() {
      on = false;
      return { frames, lengths: lengths.size - 1, steps, requests, ms: end - start };
    },
  };
}
