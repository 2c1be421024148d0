// A completion of 2,000 tokens and 50 rows: how long the page itself takes for a step, and whether
// anything holds the browser up. Not part of the checks, since times depend on the machine.
//
//   node e2e/long_text.mjs --url http://127.0.0.1:PORT [--steps N] [--chromium PATH]

import { loadavg } from "node:os";
import { assert, openReady, run } from "./browser.mjs";

/** @import { Page } from "@playwright/test" */

const TOKENS = 2000;
const PATIENCE = { timeout: 120_000 };

await run("long_text", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  await page.addInitScript(() => localStorage.setItem("llmDemo.topK", "50"));
  await page.addInitScript(watchSteps);
  await openReady(page, options.url);
  await fill(page);
  for (const view of ["Flow", "Text"]) {
    await page.getByRole("tab", { name: view }).click();
    await page.waitForTimeout(1000);
    await page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
    await page.evaluate(() => window.__steps.splice(0) && window.__tasks.splice(0));
    for (let step = 0; step < options.steps; step += 1) {
      const before = await page.evaluate(() => window.__steps.length);
      await page.keyboard.press("ArrowRight");
      await page.waitForFunction((count) => window.__steps.length > count, before, PATIENCE);
      // The preview of the next position belongs to the step.
      await page.waitForTimeout(700);
    }
    const { steps, tasks } = await page.evaluate(() => ({ steps: window.__steps, tasks: window.__tasks }));
    const sorted = [...steps].sort((a, b) => a - b);
    const [load = NaN] = loadavg();
    console.log(`  ${view} at load ${load.toFixed(1)}: input to paint without the server ${sorted.map((ms) => ms.toFixed(0)).join(", ")} ms; long tasks: ${tasks.map((ms) => ms.toFixed(0)).join(", ") || "none"}`);
    assert((sorted.at(-1) ?? 0) < 100, `in ${view} a step took ${sorted.at(-1)} ms in the page.`);
    assert(tasks.length === 0, `in ${view} tasks took ${tasks.join(", ")} ms.`);
  }
}, 10);

/** @param {Page} page */
async function fill(page) {
  const field = page.getByLabel("Text to force");
  for (let length = 0; length < TOKENS; ) {
    const [response] = await Promise.all([
      page.waitForResponse((one) => new URL(one.url()).pathname === "/api/step", PATIENCE),
      field.fill(" word and another".repeat(130)).then(() => field.press("Enter")),
    ]);
    length = (await response.json()).new_completion_ids.length;
    console.log(`  ${length} tokens`);
    await page.locator(".row-item").first().waitFor(PATIENCE);
    await page.waitForTimeout(1500);
  }
}

/** Runs in the page: times from a key to the paint after it, minus the server's answer. */
function watchSteps() {
  window.__steps = [];
  window.__tasks = [];
  let pressed = 0;
  document.addEventListener("keydown", () => (pressed = performance.now()), true);
  new PerformanceObserver((list) => window.__tasks.push(...list.getEntries().map((one) => one.duration))).observe({ type: "longtask" });
  const ask = window.fetch;
  window.fetch = async (path, init) => {
    const asked = performance.now();
    const response = await ask(path, init);
    if (!String(path).startsWith("/api/step") || pressed === 0) return response;
    const text = await response.text();
    const answered = performance.now();
    const start = pressed;
    pressed = 0;
    requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => window.__steps.push(performance.now() - start - (answered - asked)))));
    return new Response(text, { status: response.status, headers: response.headers });
  };
}
