// Steps, Play, their ends, and answers that come late.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, clearCompletion, completionLength, expectLength, forceText, openCard, previewAskedBy, previewBy, requestsBy, requestsDuring, settle, step, stepBy } from "./page.mjs";

/** @import { Page, Route } from "@playwright/test" */

check("B61", "each step appends one token", async ({ page }) => {
  for (let index = 1; index <= 10; index += 1) {
    const before = await completionLength(page);
    const answer = await stepBy(page, () => button(page, "Step").click());
    assert(answer.appended.length === 1, `step ${index} appended ${answer.appended.length} tokens instead of one.`);
    await expectLength(page, before + 1, `After step ${index}`);
    await settle(page);
    if (answer.done) await clearCompletion(page);
  }
});

check("B61 B72", "a step shows what was chosen, and the next position a moment later", async ({ page }) => {
  const chosen = page.locator('.row[data-chosen="true"]').waitFor();
  const answer = await stepBy(page, () => button(page, "Step").click());
  await chosen;
  assert(answer.dist?.tokens.length === 10, "a step should bring the rows that it chose from.");
  await settle(page);
  // By the page's own clock: this script hears of both with delays.
  const waited = await page.evaluate(() => {
    const all = /** @type {PerformanceResourceTiming[]} */ (performance.getEntriesByType("resource"));
    const last = (/** @type {string} */ path) => all.filter((one) => new URL(one.name).pathname === path).at(-1);
    return (last("/api/preview")?.startTime ?? 0) - (last("/api/step")?.responseEnd ?? 0);
  });
  assert(waited >= 180, `the chosen row should be on screen for 180 ms before the next position is asked about, and is for ${waited}.`);
  await expectLength(page, 1, "After a step");
});

check("B42", "the last token can be deleted", async ({ page }) => {
  const { appended } = await forceText(page, " hello there");
  await previewBy(page, () => button(page, "Delete last token").click());
  await expectLength(page, appended.length - 1, "After Delete last token");
});

check("B73", "the arrow keys step and delete", async ({ page }) => {
  await blur(page);
  await stepBy(page, () => page.keyboard.press("ArrowRight"));
  await expectLength(page, 1, "After the right arrow");
  await settle(page);
  await previewBy(page, () => page.keyboard.press("ArrowLeft"));
  await expectLength(page, 0, "After the left arrow");
});

check("B62", "Play steps, Pause stops", async ({ page }) => {
  await play(page);
  await expect.poll(() => completionLength(page)).toBeGreaterThanOrEqual(2);
  await button(page, "Pause").click();
  await button(page, "Play").waitFor();
  await settle(page);
  const length = await completionLength(page);
  await expectNoSteps(page, "After Pause", 900);
  await expectLength(page, length, "After Pause");
});

check("B62", "Play is Pause while it runs, and its period is kept", async ({ page }) => {
  await openCard(page, "Step speed");
  await page.getByRole("slider", { name: "One step every" }).fill("600");
  const before = await page.evaluate(() => performance.now());
  await button(page, "Play").click();
  await button(page, "Pause").waitFor();
  await expect.poll(() => completionLength(page)).toBeGreaterThanOrEqual(3);
  await button(page, "Pause").click();
  await button(page, "Play").waitFor();
  // By the page's own clock. A step that comes late does not delay the next, so each is due at its number of periods.
  const starts = await page.evaluate(() => performance.getEntriesByType("resource").filter((one) => new URL(one.name).pathname === "/api/step").map((one) => one.startTime));
  assert(starts.length >= 3, "Play should step on.");
  starts.forEach((start, index) => assert(start - before > 600 * index - 1, `steps should be a period apart, and step ${index + 1} comes after ${start - before} ms.`));
  await expectNoSteps(page, "After Pause", 800);
});

/** What stops Play. @type {[string, (page: Page) => Promise<unknown>][]} */
const STOPS = [
  ["a deletion", (page) => button(page, "Delete last token").click()],
  ["Clear", (page) => button(page, "Clear").click()],
  ["the library", (page) => button(page, "Examples").click()],
  ["the switch of the model", (page) => page.locator(".llm").click()],
];

check("B62", "Play stops by itself when the text is edited or the model is switched off", async ({ page }) => {
  for (const [name, act] of STOPS) {
    await play(page);
    await act(page);
    if (name === "the library") await page.keyboard.press("Escape");
    await button(page, "Play").waitFor();
    await expectNoSteps(page, `After ${name}`, 800);
    if (name === "the switch of the model") await previewBy(page, () => page.locator(".llm").click());
    await settle(page);
    await clearCompletion(page);
  }
});

check("B62", "Play stops by itself when a step is refused", async ({ page, allow }) => {
  allow(/status of 400/);
  await play(page);
  await page.route("**/api/step", (route) => route.fulfill({ status: 400, contentType: "application/json", body: JSON.stringify({ detail: "made up", code: "made_up", hint: "" }) }));
  await page.locator(".banner", { hasText: "made up" }).waitFor();
  await button(page, "Play").waitFor();
  await page.unroute("**/api/step");
  await expectNoSteps(page, "After a refused step", 800);
});

check("B62 B63", "Play stops after its limit, and says so", async ({ page }) => {
  await openCard(page, "Step speed");
  await page.getByLabel("Stop Play after").fill("2");
  await page.getByRole("slider", { name: "One step every" }).fill("120");
  await button(page, "Play").click();
  await expect(page.locator(".message")).toHaveText("Stopped: 2 tokens, the most that Play takes in one go.", { timeout: 20_000 });
  await expectLength(page, 2, "After a limit of two tokens");
  await button(page, "Undo").click();
  await expectLength(page, 0, "After undoing a run of Play");
});

check("B63", "the end is told, Play says so, and a deletion goes on", async ({ page }) => {
  await forceText(page, "Yes<|im_end|>");
  await page.locator(".message", { hasText: /^Stopped: / }).waitFor();
  for (const name of ["Play", "Step"]) {
    const steps = await requestsDuring(page, "/api/step", () => button(page, name).click({ force: true }), 200);
    assert(steps.length === 0, `${name} should not go on behind the end.`);
    await page.locator(".message", { hasText: /^Finished: .* Delete the last token to go on\.$/ }).waitFor();
  }
  await previewBy(page, () => button(page, "Delete last token").click());
  await step(page);
});

check("B59 B82", "an alternative in the midst of a forced text rewinds to that very token", async ({ page }) => {
  const { appended } = await forceText(page, " one two three four five");
  assert(appended.length >= 4, "the text should be several tokens.");
  const card = page.locator("#history");
  for (const place of [2, 1]) {
    await page.locator(`.stack-rows [data-index="${place}"]`).hover();
    await expect(card.locator("#history-title"), `the card of token ${place} should be about it`).toContainText(`id ${appended[place]?.id}`);
    const cut = card.locator('button.history-row[data-kept="false"]:not(:disabled)').first();
    const [asked] = await requestsBy(page, "/api/step", () => cut.click());
    await settle(page);
    expect(asked?.body.completion_ids, `an alternative of token ${place} should rewind to that token`).toEqual(appended.slice(0, place).map((token) => token.id));
    await expectLength(page, place + 1, "After an alternative");
    await page.mouse.move(2, 2);
    await page.locator(`.stack-rows [data-index="${place}"]`).hover();
    await expect(card).toContainText("Forced as an alternative");
    await page.mouse.move(2, 2);
    await card.waitFor({ state: "detached" });
  }
});

check("B57 B60", "the card tells how a token came about, with the settings and rows of then", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const card = page.locator("#history");
  const hoverLast = async (/** @type {RegExp} */ expected) => {
    const index = (await completionLength(page)) - 1;
    await page.locator(`.stack-rows [data-index="${index}"]`).hover();
    await expect(card).toContainText(expected);
    const text = await card.innerText();
    assert((await card.locator('.history-row[data-chosen="true"]').count()) === 1 && /Other/.test(text), "the card should outline the token among the rows, with the rest.");
    await page.mouse.move(2, 2);
    await card.waitFor({ state: "detached" });
    return text;
  };
  await previewBy(page, () => button(page, "Greedy").click());
  await step(page);
  expect(await hoverLast(/Greedy/), "greedy has no temperature").not.toMatch(/temperature/);
  await previewBy(page, () => button(page, "Creative").click());
  await previewAskedBy(page, () => page.locator("#knob-seed").fill("3"));
  await step(page);
  const sampled = await hoverLast(/Sampled with seed 3/);
  for (const part of [/temperature 1\.05/, /top-p 0\.95/, /repetition 1\.02/, /presence 0\.2/, /frequency 0\.1/, /seed 3/, /10 candidates listed/]) expect(sampled).toMatch(part);
  await stepBy(page, () => page.locator(".rows .row").nth(1).click());
  await settle(page);
  await hoverLast(/Forced as a token/);
  await previewBy(page, () => button(page, "Balanced").click());
  await page.locator('.stack-rows [data-index="1"]').hover();
  await expect(card).toContainText("temperature 1.05");
});

check("B58 B77", "a card that is not seen takes no pointer", async ({ page }) => {
  await forceText(page, " Paris");
  await page.locator('.stack-rows [data-index="0"]').hover();
  const card = page.locator("#history");
  await card.waitFor();
  const box = await card.boundingBox();
  assert(box && box.width >= 260 && box.width <= 360, "the card should be 260 to 360 px wide.");
  await page.mouse.move(2, 2);
  await card.waitFor({ state: "detached" });
  const over = await page.evaluate(({ x, y }) => document.elementFromPoint(x, y)?.closest("#history") !== null, { x: box.x + 20, y: box.y + 20 });
  assert(!over, "a card that is gone should not be in the way.");
  await page.locator(".rows .row").first().hover();
  await expect(page.locator("#row-detail"), "what only tells should let the pointer through").toHaveCSS("pointer-events", "none");
});

check("B78", "one step at a time, and its answer reaches no newer text", async ({ page }) => {
  const held = await hold(page, "**/api/step");
  await blur(page);
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("ArrowRight");
  await expect.poll(() => held.length, "the steps in flight").toBe(1);
  const asked = await previewAskedBy(page, () => page.locator("#prompt-text").fill("Something else"));
  assert(asked.prompt === "Something else", "the newest text should be asked about.");
  assert(held.length === 1, `one step should be in flight, and ${held.length} are.`);
  await held[0]?.continue().catch(() => {});
  await page.waitForTimeout(700);
  await expectLength(page, 0, "After the answer of a step for another text");
});

check("B78", "the answer of a step comes to no other input", async ({ page }) => {
  const held = await hold(page, "**/api/step");
  await blur(page);
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => held.length, "the steps in flight").toBe(1);
  await previewBy(page, () => button(page, "New input").click());
  await held[0]?.continue().catch(() => {});
  await page.waitForTimeout(500);
  await expectLength(page, 0, "In another input");
  await page.locator(".waiting").click();
  await expect(page.locator("#prompt-text")).not.toHaveValue("");
  await expectLength(page, 0, "In the input that was left");
});

check("B78", "a late answer never overwrites a newer text", async ({ page }) => {
  const held = await hold(page, "**/api/preview");
  await page.locator("#prompt-text").fill("The first text");
  await expect.poll(() => held.length, "the previews in flight").toBeGreaterThan(0);
  const before = held.length;
  await page.locator("#prompt-text").fill("The second one");
  await expect.poll(() => held.length, "the previews in flight").toBeGreaterThan(before);
  // Newest first, so that the old answer would come last.
  await page.unroute("**/api/preview");
  for (const route of held.reverse()) await route.continue().catch(() => {});
  await expect(page.locator(".stack-rows")).toContainText("second");
  await page.waitForTimeout(300);
  expect(await page.locator(".stack-rows").innerText(), "an old text should not come back").not.toContain("first");
});

/** @param {Page} page */
async function play(page) {
  await stepBy(page, () => button(page, "Play").click());
  await button(page, "Pause").waitFor();
}

/** @param {Page} page @param {string} after @param {number} ms */
async function expectNoSteps(page, after, ms) {
  const steps = await requestsDuring(page, "/api/step", async () => {}, ms);
  expect(steps.length, `${after}, nothing should be stepped`).toBe(0);
}

/** Lets nothing of this path through; the list fills. @param {Page} page @param {string} path */
async function hold(page, path) {
  const held = /** @type {Route[]} */ ([]);
  await page.route(path, (route) => void held.push(route));
  return held;
}
