// One token in several places: pointing at it marks all of them, and pieces of a character belong together.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { forceText } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** The places that are marked, as "index 2 is". @param {Page} page */
const linked = (page) => page.locator("[data-linked]").evaluateAll((all) => all.map((one) => `${one.getAttribute("data-index") ?? `p${one.getAttribute("data-prompt")}`}`));

check("C22", "pointing at a token marks it wherever it is shown, and nothing is drawn again", async ({ page }) => {
  await forceText(page, " hello there you");
  for (const place of ['[data-index="1"]', '[data-prompt="3"]']) {
    const there = await page.locator(`:is(.stack-rows, .stack-rows) ${place}`).count();
    assert(there > 0, `${place} should be somewhere.`);
    await page.evaluate(() => {
      const seen = { drawn: 0 };
      Object.assign(window, { seen });
      new MutationObserver((all) => (seen.drawn += all.filter(({ type }) => type === "childList").length)).observe(/** @type {Element} */ (document.querySelector(".flow")), { childList: true, subtree: true });
    });
    await page.locator(`${place}:visible`).last().hover();
    const name = place.includes("prompt") ? "p3" : "1";
    await expect.poll(() => linked(page)).toEqual(Array(there).fill(name));
    assert((await page.evaluate(() => /** @type {any} */ (window).seen.drawn)) === 0, "no token should be drawn again to be marked.");
    await page.mouse.move(2, 2);
    await expect.poll(() => linked(page)).toEqual([]);
  }
  await page.getByRole("tab", { name: "Text" }).click();
  await page.locator('.word[data-index="2"]').hover();
  await expect.poll(() => linked(page)).toEqual(["2"]);
  await page.locator('.prompt-word[data-prompt="3"]').hover();
  await expect.poll(() => linked(page)).toEqual(["p3"]);
});

check("C22 B83", "the keyboard marks a token as the pointer does", async ({ page }) => {
  await forceText(page, " hello there you");
  await page.locator(".token-last:visible").first().focus();
  await page.keyboard.press("ArrowUp");
  await expect.poll(async () => new Set(await linked(page))).toEqual(new Set(["1"]));
  await page.getByLabel("Rows").focus();
  await expect.poll(() => linked(page)).toEqual([]);
});

check("C22", "pieces of one character are bracketed and say which character they make", async ({ page }) => {
  await forceText(page, " go 🎉 on");
  const pieces = page.locator(".stack-rows .token[data-piece]");
  const kinds = await pieces.evaluateAll((all) => all.map((one) => one.getAttribute("data-piece")));
  assert(kinds.length > 1 && kinds[0] === "first" && kinds.at(-1) === "last" && kinds.slice(1, -1).every((kind) => kind === "inner"), `a bracket should hold the pieces together: ${kinds}`);
  await expect(pieces.last().locator(".token-makes")).toHaveText("🎉");
  for (const [index, one] of (await pieces.all()).entries()) await expect(one).toHaveAttribute("aria-label", new RegExp(`part ${index + 1} of ${kinds.length} of 🎉`, "u"));
  await page.getByRole("tab", { name: "Text" }).click();
  const words = page.locator(".word[data-piece]");
  await expect(words).toHaveCount(kinds.length);
  await expect(words.first()).toHaveText(/🎉/u);
  await expect(words.last()).toHaveAttribute("title", `part ${kinds.length} of ${kinds.length} of 🎉`);
});
