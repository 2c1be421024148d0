// Attribution on hover: when it is asked for, what it paints, and when that goes.

import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, forceText, openCard, previewBy, requestsDuring, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

const PATH = "/api/attribution";
const METHODS = ["Off", "Attention", "Saliency", "Input × gradient", "Integrated gradients"];

/** @param {Visit} visit */
export async function heatOnHover({ page, complaints }) {
  await forceText(page, " Paris is nice");
  await check("B27", "the methods begin with Off, the choice is kept", () => methods(page));
  await check("B64 B67", "rows of the stack and candidates paint the tokens before them", () => triggers(page));
  await check("B65 B72", "a pointer on its way asks for nothing, heat outlasts it a little", () => delays(page));
  await check("B66", "what is known is not asked for again", () => known(page));
  await check("B68", "an edit, a step, another input, another method and the switch take the heat away", () => clears(page));
  await check("B68", "a failure is told and paints nothing", () => failure(page, complaints));
}

/** @param {Page} page */
const select = (page) => page.getByRole("combobox", { name: "Where did a token come from?" });

/** @param {Page} page */
const heat = (page) => page.locator(".stack-rows .token[data-heat]");

/** @param {Page} page */
async function gone(page) {
  await page.mouse.move(2, 2);
  await heat(page).first().waitFor({ state: "detached", timeout: 5_000 });
}

/** @param {Page} page @param {string} selector */
async function paintBy(page, selector) {
  await page.mouse.move(2, 2);
  await page.locator(selector).hover();
  await heat(page).first().waitFor({ timeout: 60_000 });
}

const LAST_ROW = '.stack-rows [data-index="1"]';

/** @param {Page} page */
async function methods(page) {
  await openCard(page, "Attribution");
  const labels = await select(page).locator("option").allInnerTexts();
  for (const label of METHODS) assert(labels.includes(label), `${label} should be among ${labels}.`);
  assert(labels[0] === "Off" && (await select(page).inputValue()) === "off", "attribution should be off at first.");
  assert(/hover a generated or candidate token/.test(await page.locator("#attribution-body").innerText()), "the card should say what to do.");
  const asked = await requestsDuring(page, PATH, () => page.locator(LAST_ROW).hover());
  assert(asked.length === 0, "without a method nothing should be asked for.");
  await page.mouse.move(2, 2);
  await select(page).selectOption({ label: "Saliency" });
  assert((await stored(page, "llmDemo.attrMethod")) === "saliency", "the method should be kept.");
}

/** @param {Page} page */
async function triggers(page) {
  for (const [selector, index] of [[LAST_ROW, 1], [".rows .row-item:nth-child(2) .row", await page.locator(".stack-rows [data-index]").count()]]) {
    const [asked] = await requestsDuring(page, PATH, () => paintBy(page, String(selector)), 100);
    assert(asked && asked.body.target_index === index && asked.body.completion_ids.length === index, `${selector} should ask about position ${index}.`);
    const tokens = await page.locator(".stack-rows .token").evaluateAll((all) => all.map((one) => ({ score: Math.abs(Number(one.getAttribute("data-score"))), heat: /** @type {HTMLElement} */ (one).style.getPropertyValue("--heat"), painted: one.hasAttribute("data-heat"), color: getComputedStyle(one).backgroundColor })));
    const context = asked.body.completion_ids.length + tokens.length - (await page.locator(".stack-rows [data-index]").count());
    assert(tokens.every(({ painted }, at) => painted === at < context), "the tokens before the target should be painted, and none after it.");
    const most = Math.max(...tokens.map(({ score }) => score));
    const strongest = Math.max(...tokens.map((one) => Number(one.heat)));
    const [peak] = tokens.filter(({ score }) => score === most);
    assert(most > 0 && Number(peak?.heat) === strongest, "the largest share should be painted strongest.");
    for (const one of tokens.slice(0, context)) assert(/^[01]\.\d{3}$/.test(one.heat) && Math.abs(Number(one.heat) - Number(peak?.heat) * (one.score / most)) < 0.2, `a share of ${one.score} is painted with ${one.heat}.`);
    await gone(page);
  }
}

/** @param {Page} page */
async function delays(page) {
  const rows = page.locator(".rows .row-item .row");
  const passed = await requestsDuring(page, PATH, async () => {
    for (const index of [5, 6, 7]) await page.evaluate((at) => document.querySelectorAll(".rows .row-item .row")[at]?.dispatchEvent(new PointerEvent("pointerenter", { pointerType: "mouse" })), index);
    await page.evaluate(() => document.querySelectorAll(".rows .row-item .row")[7]?.dispatchEvent(new PointerEvent("pointerleave", { pointerType: "mouse" })));
  });
  assert(passed.length === 0, `a pointer that only passes should ask for nothing, and asked ${passed.length} times.`);
  const before = Date.now();
  const rested = await requestsDuring(page, PATH, () => rows.nth(4).hover());
  assert(rested.length === 1 && (rested[0]?.at ?? 0) - before >= 80, "a pointer that rests should ask after 80 ms.");
  await heat(page).first().waitFor({ timeout: 60_000 });
  await page.evaluate(() => {
    const row = document.querySelectorAll(".rows .row-item .row")[4];
    row?.dispatchEvent(new PointerEvent("pointerleave", { pointerType: "mouse" }));
    row?.dispatchEvent(new PointerEvent("pointerenter", { pointerType: "mouse" }));
  });
  await page.waitForTimeout(300);
  assert((await heat(page).count()) > 0, "coming back in time should keep the heat.");
  await gone(page);
}

/** @param {Page} page */
async function known(page) {
  await paintBy(page, LAST_ROW);
  await gone(page);
  const again = await requestsDuring(page, PATH, () => paintBy(page, LAST_ROW));
  assert(again.length === 0, "the same question should not be asked twice.");
  await gone(page);
}

/** @param {Page} page */
async function clears(page) {
  const ways = /** @type {[string, () => Promise<unknown>, () => Promise<unknown>][]} */ ([
    ["a step", () => stepBy(page, () => page.keyboard.press("ArrowRight")), async () => { await settle(page); }],
    ["a deletion", () => previewBy(page, () => page.keyboard.press("ArrowLeft")), async () => {}],
    ["a fork", () => page.keyboard.press("b"), async () => {}],
    ["another input", () => page.locator(".waiting").first().evaluate((one) => /** @type {HTMLElement} */ (one).click()), async () => {}],
    ["another method", () => select(page).selectOption({ label: "Input × gradient" }), () => select(page).selectOption({ label: "Saliency" })],
    ["the switch of the model", () => page.locator(".llm input").evaluate((one) => /** @type {HTMLElement} */ (one).click()), () => previewBy(page, () => page.locator(".llm").click())],
  ]);
  for (const [name, act, after] of ways) {
    await settle(page);
    await paintBy(page, LAST_ROW);
    await act();
    await page.waitForTimeout(50);
    assert((await heat(page).count()) === 0, `${name} should take the heat away.`);
    await page.mouse.move(2, 2);
    await page.locator("#history").waitFor({ state: "detached" });
    await after();
    await page.waitForTimeout(300);
  }
}

/** @param {Page} page @param {string[]} complaints */
async function failure(page, complaints) {
  await page.route(`**${PATH}`, (route) => route.fulfill({ status: 200, contentType: "application/json", body: JSON.stringify({ ok: false, error: "attention_not_supported" }) }));
  await page.locator(".rows .row-item .row").nth(5).hover();
  await page.locator("#attribution-body .note-error", { hasText: "does not give its attention away" }).waitFor();
  assert((await heat(page).count()) === 0 && complaints.length === 0, "a failure should paint nothing.");
  await page.unroute(`**${PATH}`);
  await page.mouse.move(2, 2);
  await button(page, "Attribution").click();
}
