// Attribution on hover: when it is asked for, what it paints, and when that goes.

import { PATH, PATIENCE, askBy, chooseMethod, heat, leave, methodField } from "./attribution.mjs";
import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, forceText, openCard, previewBy, requestsBy, requestsDuring, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const METHODS = ["Off", "Attention", "Saliency", "Input × gradient", "Integrated gradients"];
const LAST_ROW = '.stack-rows [data-index="1"]';

check("B27", "the methods begin with Off, the choice is kept", async ({ page }) => {
  await forceText(page, " Paris is nice");
  await openCard(page, "Attribution");
  const labels = await methodField(page).locator("option").allInnerTexts();
  for (const label of METHODS) expect(labels).toContain(label);
  expect(labels[0]).toBe("Off");
  await expect(methodField(page), "attribution should be off at first").toHaveValue("off");
  await expect(page.locator("#attribution-body"), "the card should say what to do").toContainText("hover a generated or candidate token");
  const asked = await requestsDuring(page, PATH, () => page.locator(LAST_ROW).hover());
  expect(asked.length, "without a method nothing should be asked for").toBe(0);
  await page.mouse.move(2, 2);
  await methodField(page).selectOption({ label: "Saliency" });
  expect(await stored(page, "llmDemo.attrMethod"), "the method should be kept").toBe("saliency");
});

check("B64 B67", "rows of the stack and candidates paint the tokens before them", async ({ page }) => {
  await prepare(page);
  const completion = await page.locator(".stack-rows [data-index]").count();
  for (const [selector, index] of /** @type {const} */ ([[LAST_ROW, 1], [".rows .row-item:nth-child(2) .row", completion]])) {
    const asked = await askBy(page, () => page.locator(selector).hover());
    expect(asked.target_index, `${selector} should ask about its position`).toBe(index);
    expect(asked.completion_ids?.length).toBe(index);
    await heat(page).first().waitFor(PATIENCE);
    const tokens = await page.locator(".stack-rows .token").evaluateAll((all) => all.map((one) => ({ score: Math.abs(Number(one.getAttribute("data-score"))), heat: /** @type {HTMLElement} */ (one).style.getPropertyValue("--heat"), painted: one.hasAttribute("data-heat") })));
    const context = index + tokens.length - completion;
    assert(tokens.every(({ painted }, at) => painted === at < context), "the tokens before the target should be painted, and none after it.");
    const most = Math.max(...tokens.map(({ score }) => score));
    const strongest = Math.max(...tokens.map((one) => Number(one.heat)));
    const [peak] = tokens.filter(({ score }) => score === most);
    assert(most > 0 && Number(peak?.heat) === strongest, "the largest share should be painted strongest.");
    for (const one of tokens.slice(0, context)) assert(/^[01]\.\d{3}$/.test(one.heat) && Math.abs(Number(one.heat) - Number(peak?.heat) * (one.score / most)) < 0.2, `a share of ${one.score} is painted with ${one.heat}.`);
    await leave(page);
  }
});

check("B65 B72", "a pointer on its way asks for nothing, heat outlasts it a little", async ({ page }) => {
  await prepare(page);
  const passed = await requestsDuring(page, PATH, () => page.evaluate(() => {
    const rows = document.querySelectorAll(".rows .row-item .row");
    for (const index of [5, 6, 7]) rows[index]?.dispatchEvent(new PointerEvent("pointerenter", { pointerType: "mouse" }));
    rows[7]?.dispatchEvent(new PointerEvent("pointerleave", { pointerType: "mouse" }));
  }));
  assert(passed.length === 0, `a pointer that only passes should ask for nothing, and asked ${passed.length} times.`);
  const before = Date.now();
  const rested = await requestsBy(page, PATH, () => page.locator(".rows .row-item .row").nth(4).hover());
  assert(rested.length === 1 && (rested[0]?.at ?? 0) - before >= 80, "a pointer that rests should ask once, after 80 ms.");
  await heat(page).first().waitFor(PATIENCE);
  await page.evaluate(() => {
    const row = document.querySelectorAll(".rows .row-item .row")[4];
    row?.dispatchEvent(new PointerEvent("pointerleave", { pointerType: "mouse" }));
    row?.dispatchEvent(new PointerEvent("pointerenter", { pointerType: "mouse" }));
  });
  await page.waitForTimeout(300);
  assert((await heat(page).count()) > 0, "coming back in time should keep the heat.");
  await leave(page);
});

check("B66", "what is known is not asked for again", async ({ page }) => {
  await prepare(page);
  await paintBy(page, LAST_ROW);
  await leave(page);
  const again = await requestsDuring(page, PATH, () => paintBy(page, LAST_ROW));
  assert(again.length === 0, "the same question should not be asked twice.");
});

/** What takes the heat away, and how to go on. @type {[string, (page: Page) => Promise<unknown>, (page: Page) => Promise<unknown>][]} */
const ENDS = [
  ["a step", (page) => stepBy(page, () => page.keyboard.press("ArrowRight")), settle],
  ["a deletion", (page) => previewBy(page, () => page.keyboard.press("ArrowLeft")), settle],
  ["a fork", (page) => previewBy(page, () => page.keyboard.press("b")), settle],
  ["another input", (page) => previewBy(page, () => page.locator(".waiting").first().evaluate((one) => /** @type {HTMLElement} */ (one).click())), settle],
  ["another method", (page) => methodField(page).selectOption({ label: "Input × gradient" }), (page) => methodField(page).selectOption({ label: "Saliency" })],
  ["the switch of the model", (page) => page.locator(".llm input").evaluate((one) => /** @type {HTMLElement} */ (one).click()), (page) => previewBy(page, () => page.locator(".llm").click())],
];

check("B68", "an edit, a step, another input, another method and the switch take the heat away", async ({ page }) => {
  await prepare(page);
  await blur(page);
  for (const [name, act, goOn] of ENDS) {
    await paintBy(page, LAST_ROW);
    await act(page);
    // The pointer is still where it was, and must not paint anew.
    await expect(heat(page), `${name} should take the heat away`).toHaveCount(0, { timeout: 1_000 });
    await page.mouse.move(2, 2);
    await page.locator("#history").waitFor({ state: "detached" });
    await goOn(page);
    await settle(page);
  }
});

check("B68", "tokens that come under a pointer that rests paint nothing", async ({ page }) => {
  await prepare(page);
  await paintBy(page, LAST_ROW);
  const asked = await requestsDuring(page, PATH, () => page.locator(".stack-rows").evaluate((list) => void (list.style.paddingTop = "44px")));
  assert(asked.length === 0, "the user has not pointed at another token.");
  await expect(page.locator("#history")).toHaveCount(0);
});

check("B68", "a failure is told and paints nothing", async ({ page }) => {
  await prepare(page);
  await page.route(`**${PATH}`, (route) => route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify({ ok: false, error: "attention_not_supported" }) }));
  await page.locator(".rows .row-item .row").nth(5).hover();
  await page.locator("#attribution-body .note-error", { hasText: "does not give its attention away" }).waitFor();
  await expect(heat(page), "a failure should paint nothing").toHaveCount(0);
});

/** A completion of several tokens, and saliency. @param {Page} page */
async function prepare(page) {
  await forceText(page, " Paris is nice");
  await chooseMethod(page, "Saliency");
}

/** @param {Page} page @param {string} selector */
async function paintBy(page, selector) {
  await page.mouse.move(2, 2);
  await page.locator(selector).hover();
  await heat(page).first().waitFor(PATIENCE);
}
