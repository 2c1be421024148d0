// The card of a generated token's past, by pointer, by keyboard and by finger, with and without an
// attribution painting on the same hover.

import { PATIENCE, askBy, chooseMethod, heat } from "./attribution.mjs";
import { assert } from "./browser.mjs";
import { check, expect, test } from "./harness.mjs";
import { button, completionLength, expectLength, forceText, openCard, previewBy, settle, stepBy } from "./page.mjs";

const FORCED = " I think it is";

check("B57 B58", "the card stands beside the tokens, stays under the pointer and goes", async ({ page }) => {
  await forceText(page, FORCED);
  const card = page.locator("#history");
  const token = page.locator('.stack-rows [data-index="1"]');
  await token.hover();
  await card.waitFor();
  const { left, top, right, bottom } = await card.evaluate((one) => one.getBoundingClientRect());
  assert(left >= 0 && top >= 0 && right <= 1280 && bottom <= 720, "the card should stand inside the window.");
  const column = await token.evaluate((one) => one.getBoundingClientRect());
  assert(left >= column.right || right <= column.left, "the card should stand beside its token.");
  await expect(card, "the card should say that the token was forced").toContainText("Forced as text");
  await expect(card.locator('[data-chosen="true"]'), "the token itself should be outlined among the rows").toHaveCount(1);
  await expect(card, "the card should have the rest as Other").toContainText("Other");
  await card.hover();
  await page.waitForTimeout(400);
  assert(await card.isVisible(), "the card should stay while the pointer is on it.");
  await page.mouse.move(2, 2);
  await card.waitFor({ state: "detached" });
});

check("B60", "the card has the settings of then", async ({ page }) => {
  await forceText(page, FORCED);
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Creative").click());
  await page.locator('.stack-rows [data-index="0"]').hover();
  const card = page.locator("#history");
  await expect(card, "the settings should be those of then, not of now").toContainText("temperature 0.7");
});

check("B59 B83", "the keyboard reaches alternatives, Escape goes back, undo too", async ({ page }) => {
  await forceText(page, FORCED);
  const length = await completionLength(page);
  const card = page.locator("#history");
  await page.locator(".stack-rows").focus();
  await page.keyboard.press("Tab");
  await card.waitFor();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.locator("#history button:focus").waitFor();
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached" });
  await page.locator(`.stack-rows [data-index="${length - 2}"]:focus`).waitFor();
  await page.keyboard.press("Enter");
  await page.locator("#history button:focus").waitFor();
  await page.keyboard.press("ArrowDown");
  const answer = await stepBy(page, () => page.keyboard.press("Enter"));
  assert(answer.appended_meta[0]?.forced_by === "token", "Enter on an alternative should force it.");
  await expectLength(page, length - 1, "After an alternative for the last token but one");
  await settle(page);
  assert(await page.evaluate(() => document.activeElement !== document.body), "the focus should stay with the tokens.");
  await page.keyboard.press("Control+z");
  await expectLength(page, length, "After Undo");
});

check("B64", "heat and card come on the same hover", async ({ page }) => {
  await forceText(page, FORCED);
  await chooseMethod(page, "Saliency");
  await askBy(page, () => page.locator('.stack-rows [data-index="2"]').hover());
  await page.locator("#history").waitFor();
  await heat(page).first().waitFor(PATIENCE);
  const covered = await page.evaluate(() => {
    const history = /** @type {Element} */ (document.querySelector("#history")).getBoundingClientRect();
    return [...document.querySelectorAll(".stack-rows .token")].some((token) => token.getBoundingClientRect().right > history.left);
  });
  assert(!covered, "the card should not cover the tokens that are painted.");
});

test.describe(() => {
  test.use({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  check("B42 B83", "a finger looks first, then removes or goes another way", async ({ page }) => {
    await forceText(page, FORCED);
    const length = await completionLength(page);
    const card = page.locator("#history");
    await page.locator(".token-last:visible").tap();
    await card.waitFor();
    await expectLength(page, length, "After a tap on the last token");
    const box = await card.boundingBox();
    assert(box && box.x >= 0 && box.x + box.width <= 360, "the card should fit a phone.");
    await card.getByRole("button", { name: "Remove this token" }).tap();
    await expectLength(page, length - 1, "After Remove this token");
    await settle(page);
    await page.locator('[data-index="1"]:visible').tap();
    await card.waitFor();
    await stepBy(page, () => card.locator("button.history-row").first().tap());
    await expectLength(page, 2, "After an alternative by tap");
  });
});
