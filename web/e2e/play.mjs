// Lets Play run until the server has answered 200 steps, without the completion where a text ends.
//
//   node e2e/play.mjs --url http://127.0.0.1:PORT [--steps N] [--chromium PATH]

import { assert, assertNoComplaints, isAnswer, openReady, run, watch } from "./browser.mjs";
import { button, completionLength } from "./page.mjs";

const PATIENCE_MS = 60_000;

await run("play", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const complaints = watch(page.context(), options.url);
  let [answers, refusals, ends, lastAnswer] = [0, 0, 0, Date.now()];
  page.on("response", (response) => {
    if (!isAnswer(response, "/api/step")) return;
    lastAnswer = Date.now();
    if (response.status() === 200) answers += 1;
    else refusals += 1;
  });
  await openReady(page, options.url);
  const card = page.getByRole("button", { name: "Step speed" });
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  await page.getByRole("slider", { name: "One step every" }).fill("120");

  const started = Date.now();
  let longest = 0;
  lastAnswer = started;
  await button(page, "Play").click();
  while (answers < options.steps) {
    await page.waitForTimeout(50);
    assertNoComplaints(complaints);
    assert(refusals === 0, `${refusals} of ${answers + refusals} steps were refused.`);
    assert(Date.now() - lastAnswer < PATIENCE_MS, `no step was answered for ${PATIENCE_MS / 1000} s after ${answers} answers.`);
    longest = Math.max(longest, await completionLength(page));
    if (await button(page, "Play").isVisible()) {
      ends += 1;
      const message = await page.locator(".message").textContent();
      assert(message?.startsWith("Stopped: "), `Play ended without a reason: ${message}`);
      await button(page, "Remove completion").click();
      await button(page, "Play").click();
    }
  }
  if (await button(page, "Pause").isVisible()) await button(page, "Pause").click();
  assertNoComplaints(complaints);
  const seconds = (Date.now() - started) / 1000;
  console.log(`  ${answers} steps answered in ${seconds.toFixed(1)} s, ${ends} ends reached, longest completion ${longest} tokens`);
}, 200);
