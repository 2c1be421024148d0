// Steps, Play, their ends, and answers that come late.

import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { blur, button, clearCompletion, completionLength, expectLength, expectSoon, forceText, openCard, previewAskedBy, previewBy, requestsDuring, settle, stepBy } from "./page.mjs";

/** @import { Page, Route } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

/** @param {Visit} visit */
export async function stepping({ page, complaints }) {
  await check("B61 B72", "a step shows what was chosen, and the next position a moment later", () => chosenFirst(page));
  await check("B62", "Play is Pause while it runs, and its period is kept", () => period(page));
  await check("B62", "Play stops by itself when the text is edited or the model is switched off", () => stops(page, complaints));
  await check("B63", "the end is told, Play says so, and a deletion goes on", () => theEnd(page));
  await check("B59 B82", "an alternative in the midst of a forced text rewinds to that very token", () => rewind(page));
  await check("B57 B60", "the card tells how a token came about, with the settings and rows of then", () => history(page));
  await check("B58 B77", "a card that is not seen takes no pointer", () => unseenCard(page));
  await check("B78", "one step at a time, and a late answer never overwrites a newer text", () => lateAnswers(page));
}

/** @param {Page} page */
async function chosenFirst(page) {
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
}

/** @param {Page} page */
async function period(page) {
  await openCard(page, "Step speed");
  await page.getByRole("slider", { name: "One step every" }).fill("600");
  await clearCompletion(page);
  const steps = await requestsDuring(page, "/api/step", async () => {
    await button(page, "Play").click();
    await button(page, "Pause").waitFor();
  }, 2000);
  await button(page, "Pause").click();
  await button(page, "Play").waitFor();
  assert(steps.length >= 2, "Play should step on.");
  steps.slice(1).forEach((step, index) => assert(step.at - (steps[index]?.at ?? 0) > 500, "steps should be a period apart."));
  const more = await requestsDuring(page, "/api/step", async () => {}, 800);
  assert(more.length === 0, "after Pause nothing should be stepped.");
}

/** @param {Page} page @param {string[]} complaints */
async function stops(page, complaints) {
  const ways = /** @type {[string, () => Promise<unknown>, () => Promise<unknown>][]} */ ([
    ["a deletion", () => button(page, "Delete last token").click(), async () => {}],
    ["Clear", () => button(page, "Clear").click(), () => button(page, "Undo").click()],
    ["the library", async () => { await button(page, "Prompt library").click(); await page.keyboard.press("Escape"); }, async () => {}],
    ["the switch of the model", () => page.locator(".llm").click(), () => previewBy(page, () => page.locator(".llm").click())],
  ]);
  for (const [name, act, after] of ways) {
    await clearCompletion(page);
    await stepBy(page, () => button(page, "Play").click());
    await button(page, "Pause").waitFor();
    await act();
    await button(page, "Play").waitFor();
    assert((await requestsDuring(page, "/api/step", async () => {}, 800)).length === 0, `${name} should stop Play.`);
    await after();
    await settle(page);
  }
  await clearCompletion(page);
  await stepBy(page, () => button(page, "Play").click());
  await page.route("**/api/step", (route) => route.fulfill({ status: 400, contentType: "application/json", body: JSON.stringify({ detail: "made up", code: "made_up", hint: "" }) }));
  await page.locator(".banner", { hasText: "made up" }).waitFor();
  await button(page, "Play").waitFor();
  await page.unroute("**/api/step");
  await button(page, "Dismiss").click();
  const others = complaints.splice(0).filter((one) => !/status of 400/.test(one));
  assert(others.length === 0, `only the made-up answer should be refused, but: ${others.join("; ")}`);
}

/** @param {Page} page */
async function theEnd(page) {
  await clearCompletion(page);
  await forceText(page, "Yes<|im_end|>");
  await page.locator(".message", { hasText: /^Stopped: / }).waitFor();
  for (const name of ["Play", "Step"]) {
    const steps = await requestsDuring(page, "/api/step", () => button(page, name).click({ force: true }), 200);
    assert(steps.length === 0, `${name} should not go on behind the end.`);
    await page.locator(".message", { hasText: /^Finished: .* Delete the last token to go on\.$/ }).waitFor();
  }
  await previewBy(page, () => button(page, "Delete last token").click());
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
}

/** @param {Page} page */
async function rewind(page) {
  await clearCompletion(page);
  const { appended } = await forceText(page, " one two three four five");
  assert(appended.length >= 4, "the text should be several tokens.");
  for (const place of [2, 1]) {
    await page.locator(`.pills [data-index="${place}"]`).hover();
    const card = page.locator("#history");
    await card.waitFor();
    const title = await card.locator("#history-title").innerText();
    assert(title.includes(`id ${appended[place]?.id}`), `the card of token ${place} should be about it and is about ${title}.`);
    const cut = card.locator('button.history-row[data-kept="false"]:not(:disabled)').first();
    const asked = await requestsDuring(page, "/api/step", () => cut.click());
    await settle(page);
    const body = asked[0]?.body;
    assert(body?.completion_ids.join() === appended.slice(0, place).map((token) => token.id).join(), `an alternative of token ${place} should rewind to that token.`);
    await expectLength(page, place + 1, "After an alternative");
    await page.mouse.move(2, 2);
    await page.locator(`.pills [data-index="${place}"]`).hover();
    await page.locator("#history", { hasText: "Forced as an alternative" }).waitFor();
    await page.mouse.move(2, 2);
    await page.locator("#history").waitFor({ state: "detached" });
  }
}

/** @param {Page} page */
async function history(page) {
  await clearCompletion(page);
  await openCard(page, "Generation parameters");
  const hover = async (/** @type {RegExp} */ expected) => {
    const index = (await completionLength(page)) - 1;
    await page.locator(`.stack-rows [data-index="${index}"]`).hover();
    const card = page.locator("#history");
    await card.filter({ hasText: expected }).waitFor();
    const text = await card.innerText();
    assert((await card.locator('.history-row[data-chosen="true"]').count()) === 1 && /Other/.test(text), "the card should outline the token among the rows, with the rest.");
    await page.mouse.move(2, 2);
    await card.waitFor({ state: "detached" });
    return text;
  };
  await previewBy(page, () => button(page, "Greedy").click());
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  const greedy = await hover(/Greedy/);
  assert(!/temperature/.test(greedy), "greedy has no temperature.");
  await previewBy(page, () => button(page, "Creative").click());
  await previewAskedBy(page, () => page.locator("#knob-seed").fill("3"));
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  const sampled = await hover(/Sampled with seed 3/);
  for (const part of [/temperature 1\.05/, /top-p 0\.95/, /repetition 1\.02/, /presence 0\.2/, /frequency 0\.1/, /seed 3/, /10 rows/]) assert(part.test(sampled), `the card should have ${part}: ${sampled}`);
  await stepBy(page, () => page.locator(".rows .row").nth(1).click());
  await settle(page);
  await hover(/Forced as a token/);
  await previewBy(page, () => button(page, "Balanced").click());
  await page.locator('.stack-rows [data-index="1"]').hover();
  await page.locator("#history", { hasText: "temperature 1.05" }).waitFor();
  await page.mouse.move(2, 2);
}

/** @param {Page} page */
async function unseenCard(page) {
  await page.locator("#history").waitFor({ state: "detached" });
  await page.locator('.stack-rows [data-index="0"]').hover();
  const card = page.locator("#history");
  await card.waitFor();
  const box = await card.boundingBox();
  const list = await card.locator(".history-rows").evaluate((one) => getComputedStyle(one).maxHeight);
  assert(box && box.width >= 260 && box.width <= 360 && list === "240px", "the card should be 260 to 360 px wide, its rows at most 240 px high.");
  await page.mouse.move(2, 2);
  await card.waitFor({ state: "detached" });
  const over = await page.evaluate(({ x, y }) => document.elementFromPoint(x, y)?.closest("#history") !== null, { x: (box?.x ?? 0) + 20, y: (box?.y ?? 0) + 20 });
  assert(!over, "a card that is gone should not be in the way.");
  await page.locator(".rows .row").first().hover();
  const detail = page.locator("#row-detail");
  await detail.waitFor();
  assert((await detail.evaluate((one) => getComputedStyle(one).pointerEvents)) === "none", "what only tells should let the pointer through.");
  await page.mouse.move(2, 2);
}

/** @param {Page} page */
async function lateAnswers(page) {
  await clearCompletion(page);
  const held = /** @type {Route[]} */ ([]);
  await page.route("**/api/step", (route) => void held.push(route));
  await blur(page);
  for (let presses = 0; presses < 3; presses += 1) await page.keyboard.press("ArrowRight");
  await page.waitForTimeout(200);
  assert(held.length === 1, `one step should be in flight, and ${held.length} are.`);
  await page.locator("#prompt-text").fill("Something else");
  await held[0]?.continue().catch(() => {});
  await page.waitForTimeout(700);
  assert((await completionLength(page)) === 0, "the answer of a step for another text should be dropped.");
  held.length = 0;
  await blur(page);
  await page.keyboard.press("ArrowRight");
  await expectSoon(page, async () => held.length, 1, "The steps in flight");
  await button(page, "New input").click();
  await held[0]?.continue().catch(() => {});
  await page.waitForTimeout(500);
  assert((await completionLength(page)) === 0, "the answer of a step should not come to another input.");
  await page.unroute("**/api/step");
  await page.locator(".waiting").click();
  assert((await completionLength(page)) === 0, "nor to the one that was left.");
  const previews = /** @type {Route[]} */ ([]);
  await page.route("**/api/preview", (route) => void previews.push(route));
  await page.locator("#prompt-text").fill("The first text");
  await expectSoon(page, async () => previews.length > 0, true, "A preview in flight");
  await page.locator("#prompt-text").fill("The second one");
  await page.waitForTimeout(400);
  // Newest first, so that the old answer would come last.
  await page.unroute("**/api/preview");
  for (const route of previews.reverse()) await route.continue().catch(() => {});
  await expectSoon(page, async () => /second/.test(await page.locator(".pills").innerText()), true, "The tokens of the newest text");
  await page.waitForTimeout(300);
  assert(!/first/.test(await page.locator(".pills").innerText()), "an old text should not come back.");
}
