// The list of tokens: rows of the stack, or pills in the card.

import { assert, openReady } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, completionLength, expectLength, forceText, openCard, previewBy, stepBy } from "./page.mjs";

/** @import { Locator, Page } from "@playwright/test" */

check("B39 B40", "each token is listed once, as a row beside the card or, without room, as a pill in it", async ({ page }) => {
  await forceText(page, " Paris, of course");
  const tokens = (/** @type {string} */ list) => page.locator(`${list} .token`).evaluateAll((all) =>
    all.map((one) => `${one.className.match(/token-(prompt|completion|special)/)?.[1]} ${(one.querySelector(".token-text") ?? one).textContent}`));
  const rows = await tokens(".stack-rows");
  for (const kind of ["prompt", "completion", "special"]) assert(rows.some((one) => one.startsWith(kind)), `there should be ${kind} tokens.`);
  const widths = await page.locator(".stack-rows .token").evaluateAll((all) => new Set(all.map((one) => Math.round(one.getBoundingClientRect().width))).size);
  expect(widths, "all rows should be of full width").toBe(1);
  await expect(page.locator(".pills")).toHaveCount(0);
  await page.setViewportSize({ width: 699, height: 720 });
  await expect(page.locator(".pill-arrow")).toHaveCount(1);
  await expect(page.locator(".stack-rows")).toHaveCount(0);
  expect(await tokens(".pills"), "pills and rows should be the same").toEqual(rows);
  await previewBy(page, () => button(page, "Remove completion").click());
  await expect(page.locator(".pill-arrow")).toHaveCount(0);
});

check("B43", "a new token pops in", async ({ page }) => {
  await forceText(page, " Paris");
  const last = page.locator(".stack-rows .token-last");
  await expect(last).toHaveCSS("animation-name", "pop");
  await expect(last).toHaveCSS("animation-duration", "0.22s");
});

check("B42", "the last token turns red under the pointer, and a click removes it and stops Play", async ({ page }) => {
  await openCard(page, "Step speed");
  await page.getByRole("slider", { name: "One step every" }).fill("2000");
  for (const width of [1280, 360]) {
    await page.setViewportSize({ width, height: 720 });
    const last = page.locator(".token-last");
    await stepBy(page, () => button(page, "Play").click());
    await button(page, "Pause").waitFor();
    const before = await completionLength(page);
    await page.mouse.move(2, 2);
    const calm = await colour(last);
    await last.hover();
    await expect.poll(() => colour(last), "another colour under the pointer").not.toBe(calm);
    const title = (await last.getAttribute("title")) ?? "";
    expect(title, "the last token should say what a click does").toContain("click to remove");
    await previewBy(page, () => last.click());
    await expectLength(page, before - 1, `After a click on the last token at ${width} px`);
    await button(page, "Play").waitFor();
    // The pointer may be on the token before by then, whose card is another one.
    const cards = await page.locator("#history-title").allInnerTexts();
    assert(cards.every((card) => !card.includes(title.match(/id \d+/)?.[0] ?? "")), "the card of a removed token should go.");
  }
});

check("B41", "the prompt's rows fold, the completion's stay", async ({ page }) => {
  await forceText(page, " Paris, of course");
  const toggle = page.locator(".stack-toggle");
  const rows = page.locator(".stack-rows .token");
  const prompt = await page.locator(".stack-rows .token:not([data-index])").count();
  const completion = await completionLength(page);
  await expect(toggle).toHaveText(`Prompt ×${prompt}`);
  await toggle.click();
  await expect(rows).toHaveCount(completion);
  await expect(toggle).toHaveCSS("border-style", "dashed");
  await openReady(page, "/");
  await expect(rows, "the rows after a reload").toHaveCount(prompt + completion);
  await toggle.click();
  await expect(rows).toHaveCount(completion);
  await toggle.click();
  await expect(rows, "the rows of an unfolded stack").toHaveCount(prompt + completion);
});

check("B74", "text that looks like HTML is text", async ({ page }) => {
  const text = '<img src=x onerror="document.title=1"><b>bold</b>';
  await previewBy(page, () => page.locator("#prompt-text").fill(text));
  await forceText(page, text);
  for (const name of ["Text", "Branches", "Flow"]) {
    const tab = page.getByRole("tab", { name });
    await tab.click();
    await expect(tab).toHaveAttribute("aria-selected", "true");
    await expect(page.locator(".app").getByText("bold").first()).toBeAttached();
    expect(await page.locator(".app :is(img, b)").count(), `in ${name} the text should not become elements`).toBe(0);
  }
  const shown = await page.locator(".stack-rows .token[data-index]").evaluateAll((all) => all.map((one) => (one.querySelector(".token-text") ?? one).textContent).join("").replaceAll("␠", " "));
  expect(shown, "the tokens should show the text").toBe(text);
  await expect(page, "nothing in a text should run").toHaveTitle("Tokenscope");
});

/** @param {Locator} token */
function colour(token) {
  return token.evaluate((one) => getComputedStyle(one).color);
}
