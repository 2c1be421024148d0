// The card of a generated token's past, by pointer, by keyboard and by finger, with and without an
// attribution painting on the same hover.
//
//   node e2e/overlay.mjs --url http://127.0.0.1:PORT [--chromium PATH]

import { assert, assertNoComplaints, isAnswer, openReady, run, watch } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, completionLength, expectLength, forceText, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

await run("overlay", async (options, browser) => {
  const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
  const complaints = watch(page.context(), options.url);
  await prepare(page, options.url);
  await check("B57 B58", "the card stands beside pills and rows, stays under the pointer and goes", () => hover(page));
  await check("B60", "the card has the settings of then", () => settingsOfThen(page));
  await check("B59 B83", "the keyboard reaches alternatives, Escape goes back, undo too", () => useKeyboard(page));
  await check("B64", "heat and card come on the same hover", () => heatOnTheSameHover(page));
  assertNoComplaints(complaints);

  const phone = await browser.newPage({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const more = watch(phone.context(), options.url);
  await prepare(phone, options.url);
  await check("B42 B83", "a finger looks first, then removes or goes another way", () => tap(phone));
  assertNoComplaints(more);
}, 1);

/** @param {Page} page @param {string} url */
async function prepare(page, url) {
  await openReady(page, url);
  await forceText(page, " I think it is");
}

/** @param {Page} page */
async function hover(page) {
  const card = page.locator("#history");
  for (const place of [".stack-rows"]) {
    const token = page.locator(`${place} [data-index="1"]`);
    await token.hover();
    await card.waitFor();
    const { left, top, right, bottom } = await card.evaluate((one) => one.getBoundingClientRect());
    assert(left >= 0 && top >= 0 && right <= 1280 && bottom <= 720, `the card of ${place} should stand inside the window.`);
    const column = await token.evaluate((one) => one.getBoundingClientRect());
    assert(left >= column.right || right <= column.left, `the card of ${place} should stand beside its token.`);
    assert(/Forced as text/.test(await card.innerText()), "the card should say that the token was forced.");
    assert((await card.locator('[data-chosen="true"]').count()) === 1, "the token itself should be outlined among the rows.");
    assert(/Other/.test(await card.innerText()), "the card should have the rest as Other.");
    await card.hover();
    await page.waitForTimeout(400);
    assert(await card.isVisible(), "the card should stay while the pointer is on it.");
    await page.mouse.move(2, 2);
    await card.waitFor({ state: "detached", timeout: 2_000 });
  }
}

/** @param {Page} page */
async function settingsOfThen(page) {
  await page.getByRole("button", { name: "Generation parameters" }).click();
  await page.getByRole("button", { name: "Creative" }).click();
  await page.locator('.stack-rows [data-index="0"]').hover();
  const card = page.locator("#history");
  await card.waitFor();
  assert(/temperature 0\.7/.test(await card.innerText()), "the settings should be those of then, not of now.");
  await page.mouse.move(2, 2);
  await card.waitFor({ state: "detached", timeout: 2_000 });
  await page.getByRole("button", { name: "Balanced" }).click();
}

/** @param {Page} page */
async function useKeyboard(page) {
  const length = await completionLength(page);
  const card = page.locator("#history");
  await page.getByRole("group", { name: "Tokens" }).focus();
  await page.keyboard.press("Tab");
  await card.waitFor();
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("Enter");
  await page.locator("#history button:focus").waitFor();
  await page.keyboard.press("Escape");
  await card.waitFor({ state: "detached", timeout: 2_000 });
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
  await page.waitForTimeout(300);
}

/** @param {Page} page */
async function heatOnTheSameHover(page) {
  const card = button(page, "Attribution");
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  await page.getByRole("combobox", { name: "Where did a token come from?" }).selectOption({ label: "Saliency" });
  const [response] = await Promise.all([
    page.waitForResponse((one) => isAnswer(one, "/api/attribution"), { timeout: 60_000 }),
    page.locator('.stack-rows [data-index="2"]').hover(),
  ]);
  assert(response.status() === 200, "the token should be attributed.");
  await page.locator("#history").waitFor();
  await page.locator(".stack-rows .token[data-heat]").first().waitFor();
  const covered = await page.evaluate(() => {
    const history = /** @type {Element} */ (document.querySelector("#history")).getBoundingClientRect();
    return [...document.querySelectorAll(".stack-rows .token")].some((pill) => pill.getBoundingClientRect().right > history.left);
  });
  assert(!covered, "the card should not cover the pills that are painted.");
  await page.mouse.move(2, 2);
}

/** @param {Page} page */
async function tap(page) {
  const length = await completionLength(page);
  const card = page.locator("#history");
  await page.locator(".stack-rows .token-last").tap();
  await card.waitFor();
  await expectLength(page, length, "After a tap on the last token");
  const box = await card.boundingBox();
  assert(box && box.x >= 0 && box.x + box.width <= 360, "the card should fit a phone.");
  await card.getByRole("button", { name: "Remove this token" }).tap();
  await expectLength(page, length - 1, "After Remove this token");
  await page.waitForTimeout(300);
  await page.locator('.stack-rows [data-index="1"]').tap();
  await card.waitFor();
  await stepBy(page, () => card.locator("button.history-row").first().tap());
  await expectLength(page, 2, "After an alternative by tap");
}
