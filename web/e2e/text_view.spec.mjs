// The text view: whole characters, tints, the card of a token, another way and back.

import { assert } from "./browser.mjs";
import { check, expect, test } from "./harness.mjs";
import { button, completionLength, forceText, settle, step, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

check("B7", "tokens that share a character show it whole, forced ones are marked", async ({ page }) => {
  const { length, forced } = await prepare(page);
  await expect(page.locator(".word"), "every token should be a word of the text").toHaveCount(length);
  await expect(page.locator(".word[data-forced]"), "forced tokens should be marked").toHaveCount(forced);
  await expect(page.locator(".prose-text"), "a character that several tokens share should be whole").toContainText("Paris 🎉");
  assert((await page.locator(".word .word-part").count()) > 0, "the other tokens of a character should stay there to be looked at.");
});

check("B7 B71", "probability, surprise and entropy tint the text, view and measure outlive a reload", async ({ page }) => {
  await prepare(page);
  const tints = () => page.locator(".word").evaluateAll((words) => words.map((word) => word.getAttribute("data-tint")).join());
  const seen = new Set([await tints()]);
  for (const name of ["Surprise", "Entropy"]) {
    await page.getByText(name, { exact: true }).click();
    await expect.poll(async () => seen.has(await tints()), `the tints of ${name}`).toBe(false);
    seen.add(await tints());
  }
  const shaded = await page.locator(".word[data-tint]").evaluateAll((words) => words.every((word) => Number(word.getAttribute("data-tint")) >= 0));
  assert(shaded, "every token should have a shade.");
  await page.reload();
  await page.locator(".word").first().waitFor();
  await expect(page.locator('input[name="measure"]:checked'), "the measure should outlive a reload").toHaveValue("entropy");
});

test.describe(() => {
  test.use({ permissions: ["clipboard-read", "clipboard-write"] });
  check("B7", "the text can be copied", async ({ page }) => {
    await prepare(page);
    await button(page, "Copy the completion").click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText()), "the clipboard").toMatch(/^ Paris 🎉 it is/);
  });
});

check("B57 B59", "an alternative goes another way, and the old way can be had back", async ({ page }) => {
  const { length } = await prepare(page);
  const place = length - 2;
  const words = page.locator(".word");
  const before = await words.allTextContents();
  await words.nth(place).hover();
  const card = page.locator("#history");
  await expect(card, "the card should say how the token came about").toContainText("Sampled with seed");
  await expect(card, "the card should have the settings of that time").toContainText("temperature 0.7 · top-p 0.8");
  const alternative = card.locator("button.history-row").first();
  await stepBy(page, () => alternative.click());
  await settle(page);
  await expect(words, "an alternative should take the place of the token and what came after").toHaveCount(place + 1);
  await expect(page.locator(".fork-mark"), "the place where two ways part should be marked").toHaveCount(1);
  await page.mouse.move(2, 2);
  await words.last().hover();
  await expect(card).toContainText("Forced as an alternative");
  await card.locator("button.history-row").filter({ hasText: "tried before" }).click();
  await expect(words, "the way that was left should come back whole").toHaveText(before);
});

/** In the text view: what was forced, with a character of several tokens, and what the model wrote. @param {Page} page */
async function prepare(page) {
  const { appended } = await forceText(page, " Paris 🎉 it is");
  await step(page, 3);
  const length = await completionLength(page);
  await page.getByRole("tab", { name: "Text" }).click();
  await expect(page.locator(".word")).toHaveCount(length);
  return { length, forced: appended.length };
}
