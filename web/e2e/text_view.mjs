// The text view in a real browser: whole characters, tints, the card of a token, another way and back.
//
//   node e2e/text_view.mjs --url http://127.0.0.1:PORT [--chromium PATH]

import { assert, assertNoComplaints, openReady, run, watch } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, completionLength, forceText, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

await run("text_view", async (options, browser) => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const page = await context.newPage();
  const complaints = watch(page.context(), options.url);
  await openReady(page, options.url);
  const answer = await forceText(page, " Paris 🎉 it is");
  for (let steps = 0; steps < 3; steps += 1) {
    await stepBy(page, () => button(page, "Step").click());
    await settle(page);
  }
  const length = await completionLength(page);
  await page.getByRole("tab", { name: "Text" }).click();
  await readText(page, length, answer.appended.length);
  await tint(page);
  await copy(page);
  await check("B57 B59", "an alternative goes another way, and the old way can be had back", () => goAnotherWay(page, length));
  await page.reload();
  await page.locator(".word").first().waitFor();
  assert((await page.locator('input[name="measure"]:checked').inputValue()) === "entropy", "the measure should outlive a reload.");
  console.log("  view and measure outlive a reload");
  assertNoComplaints(complaints);
}, 1);

/** @param {Page} page @param {number} length @param {number} forced */
async function readText(page, length, forced) {
  assert((await page.locator(".word").count()) === length, "every token should be a word of the text.");
  assert((await page.locator(".word[data-forced]").count()) === forced, `${forced} tokens were forced and should be marked.`);
  const text = await page.locator(".prose-text").innerText();
  assert(text.includes("Paris 🎉"), `a character that several tokens share should be whole, and the text is ${text}.`);
  assert((await page.locator(".word .word-part").count()) > 0, "the other tokens of a character should stay there to be looked at.");
  console.log("  tokens that share a character show it whole, forced ones are marked");
}

/** @param {Page} page */
async function tint(page) {
  const levels = () => page.locator(".word").evaluateAll((words) => words.map((word) => word.getAttribute("data-tint")).join());
  const seen = new Set([await levels()]);
  for (const name of ["Surprise", "Entropy"]) {
    await page.getByText(name, { exact: true }).click();
    seen.add(await levels());
  }
  assert(seen.size === 3, "each measure should tint the text otherwise.");
  const strongest = await page.locator(".word[data-tint]").evaluateAll((words) => words.every((word) => Number(word.getAttribute("data-tint")) >= 0));
  assert(strongest, "every token should have a shade.");
  console.log("  probability, surprise and entropy tint the text");
}

/** @param {Page} page */
async function copy(page) {
  await button(page, "Copy the completion").click();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert(text.startsWith(" Paris 🎉 it is"), `the completion should be copied, and the clipboard has ${text}.`);
  console.log("  the text can be copied");
}

/** @param {Page} page @param {number} length */
async function goAnotherWay(page, length) {
  const place = length - 2;
  const word = page.locator(".word").nth(place);
  const before = await page.locator(".word").allTextContents();
  await word.hover();
  const card = page.locator("#history");
  await card.waitFor();
  assert(/Sampled with seed/.test(await card.innerText()), "the card should say how the token came about.");
  assert(/temperature 0\.7 · top-p 0\.8/.test(await card.innerText()), "the card should have the settings of that time.");
  const alternative = card.locator("button.history-row").first();
  const display = await alternative.locator(".history-token").textContent();
  await stepBy(page, () => alternative.click());
  await settle(page);
  assert((await page.locator(".word").count()) === place + 1, "an alternative should take the place of the token and what came after.");
  assert((await page.locator(".fork-mark").count()) === 1, "the place where two ways part should be marked.");
  await page.locator(".word").last().hover();
  await card.waitFor();
  assert(/Forced as an alternative/.test(await card.innerText()), `${display} should be said to be an alternative.`);
  await card.locator("button.history-row").filter({ hasText: "tried before" }).click();
  await page.waitForFunction((count) => document.querySelectorAll(".word").length === count, length);
  assert((await page.locator(".word").allTextContents()).join() === before.join(), "the way that was left should come back whole.");
  await settle(page);
  await page.mouse.move(2, 2);
}
