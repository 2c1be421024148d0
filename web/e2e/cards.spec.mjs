// Floating cards: they stand in a room of their own, tell what they are about, and go with the pointer.

import { assert } from "./browser.mjs";
import { check, expect, test } from "./harness.mjs";
import { button, forceText, settle, stepBy } from "./page.mjs";

/** @import { Locator, Page } from "@playwright/test" */

/** @param {Locator} one */
const boxOf = async (one) => /** @type {{ x: number, y: number, width: number, height: number }} */ (await one.boundingBox());

/** @param {Page} page */
const controlsTop = async (page) => (await boxOf(page.locator(".controls"))).y;

/** Asks for as many candidates as this in each step. @param {Page} page @param {number} count */
async function listCandidates(page, count) {
  await page.getByLabel("Rows").fill(String(count));
  await page.getByLabel("Rows").press("Enter");
  await page.getByLabel("Rows").blur();
  await expect(page.locator(".rows .row-item")).toHaveCount(count);
}

check("C4 B58", "no card covers the controls, and one leaves with the pointer on its way to Step", async ({ page }) => {
  await listCandidates(page, 50);
  await stepBy(page, () => page.keyboard.press("ArrowRight"));
  await settle(page);
  const card = page.locator("#history");
  await page.locator(".token-last:visible").last().hover();
  await expect(card).toBeVisible();
  const past = await boxOf(card);
  assert(past.y >= 0 && past.y + past.height <= (await controlsTop(page)), "the card of a token's past should end above the controls.");
  const step = await boxOf(button(page, "Step"));
  await page.mouse.move(step.x + step.width / 2, step.y + step.height / 2, { steps: 25 });
  await expect(card).toHaveCount(0);
  await page.locator(".rows .row-item .row").nth(8).hover();
  const detail = page.locator("#row-detail");
  await expect(detail).toBeVisible();
  const { y, height } = await boxOf(detail);
  assert(y + height <= (await controlsTop(page)), "the card of a row should end above the controls.");
});

check("C4 B57", "ten candidates have room, and the row that was taken is seen wherever the list is scrolled to", async ({ page }) => {
  await forceText(page, " I zebra");
  await page.locator('[data-index="1"]:visible').first().hover();
  const list = page.locator(".history-rows");
  const whole = await list.evaluate((one) => ({ rows: one.querySelectorAll(".history-row").length, hidden: one.scrollHeight - one.clientHeight }));
  assert(whole.rows === 12 && whole.hidden <= 1, `ten candidates, the token itself and the rest should be seen at once: ${JSON.stringify(whole)}`);
  await expect(page.locator(".history-more")).toHaveText("");
  await page.mouse.move(2, 2);
  await listCandidates(page, 50);
  await forceText(page, " zebra");
  await page.locator(".token-last:visible, [data-index='2']:visible").first().hover();
  await expect(page.locator(".history-more")).toHaveText(/^▾ \d+ more below$/);
  const chosen = page.locator(".history-chosen");
  const seen = async () => {
    const [row, frame] = [await boxOf(chosen), await boxOf(list)];
    return row.y >= frame.y - 1 && row.y + row.height <= frame.y + frame.height + 1;
  };
  assert(await seen(), "the token that was taken, far down the list, should be in sight.");
  await expect(chosen.locator(".numbers").first()).toHaveText(/^(0|\d\.\d{3}|\d\.\de-\d+)$/);
  await list.evaluate((one) => one.scrollTo(0, one.scrollHeight));
  await expect(page.locator(".history-more")).toHaveText(/^▴ \d+ more above$/);
  assert(await seen(), "the token that was taken should still be in sight at the end of the list.");
});

test.describe("on a phone", () => {
  test.use({ viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true });
  check("C4", "by finger, too, a card leaves the controls free", async ({ page }) => {
    await forceText(page, " I think it is");
    await page.locator(".token-last:visible").tap();
    const card = page.locator("#history");
    await expect(card).toBeVisible();
    const { y, height } = await boxOf(card);
    assert(y >= 0 && y + height <= (await controlsTop(page)), "the card should end above the controls.");
    const token = await boxOf(page.locator(".token-last:visible"));
    assert(y >= token.y + token.height || y + height <= token.y, "the card should not cover its token.");
  });
});
