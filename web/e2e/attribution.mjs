// Attribution in a real browser: heat by pointer and by keyboard, what it adds up to, and an error.

import { assert, isAnswer } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, expectLength, forceText } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { AttributionRequest } from "../types/wire" */

const PATIENCE = { timeout: 60_000 };

/**
 * Starts with an empty completion and leaves the method off.
 * @param {Page} page
 * @param {string[]} complaints what the visit did wrong so far
 */
export async function attribute(page, complaints) {
  const length = await forceTokens(page);
  await chooseMethod(page, "Saliency");
  await check("B64 B67", "a hovered candidate paints the tokens before it, and their shares add up to 1", () => hoverCandidate(page, length));
  await check("B64", "a generated token's heat can be kept and let go", () => keepHeat(page));
  await check("B64 B83", "the keyboard reaches candidates and generated tokens", () => useKeyboard(page));
  await chooseMethod(page, "Input × gradient");
  await check("B67", "painted tokens can be read in both themes", () => readInBothThemes(page));
  await chooseMethod(page, "Attention");
  await openTable(page, length);
  await check("B68", "a refused option is told in the card", () => showRefusal(page, complaints));
  await chooseMethod(page, "Off");
  assert((await page.locator(".heat-line").count()) === 0, "without a method nothing should be said about heat.");
}

/** @param {Page} page */
async function forceTokens(page) {
  const { appended } = await forceText(page, " hello there");
  assert(appended.length > 1, "the text to force should have more than one token.");
  await expectLength(page, appended.length, "Before attribution");
  return appended.length;
}

/** @param {Page} page @param {string} label */
async function chooseMethod(page, label) {
  const card = button(page, "Attribution");
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  await page.getByRole("combobox", { name: "Where did a token come from?" }).selectOption({ label });
}

/** @param {Page} page @param {number} length of the completion */
async function hoverCandidate(page, length) {
  const row = page.locator(".row-item .row").nth(1);
  const request = await askBy(page, () => row.hover());
  assert(request.completion_ids?.length === length && request.target_index === length, "a candidate should be asked about after the whole completion.");
  await page.locator(".row[data-target=true]").waitFor(PATIENCE);
  for (const place of [".stack-rows"]) {
    const tokens = await page.locator(`${place} .token`).count();
    const heat = await heatIn(page, place);
    assert(heat.length === tokens, `${heat.length} of ${tokens} tokens in ${place} have heat.`);
    const sum = heat.reduce((total, { score }) => total + score, 0);
    assert(Math.abs(sum - 1) < 1e-3, `the shares in ${place} add up to ${sum} instead of 1.`);
    assert(new Set(heat.map(({ background }) => background)).size > 2, `the tokens in ${place} should differ in colour.`);
    assert(heat.every(({ title }) => / %$|click/.test(title)), `the tokens in ${place} should tell their share.`);
  }
  await page.mouse.move(2, 2);
  await page.locator(".token[data-heat]").first().waitFor({ state: "detached", timeout: 5_000 });
}

/** @param {Page} page */
async function keepHeat(page) {
  const token = page.locator(".stack-rows .token-aim").last();
  const request = await askBy(page, () => token.hover());
  assert(request.completion_ids?.length === 0 && request.target_index === 0, "the first generated token should be asked about after the prompt.");
  await page.locator(".stack-rows .token[data-target=true]").waitFor(PATIENCE);
  await page.keyboard.press("k");
  await page.mouse.move(2, 2);
  await page.waitForTimeout(400);
  assert((await heatIn(page, ".stack-rows")).length > 0, "a kept heat should outlast the pointer.");
  await page.locator(".heat-line").getByRole("button", { name: "Release" }).click();
  await page.locator(".token[data-heat]").first().waitFor({ state: "detached", timeout: 5_000 });
}

/** @param {Page} page */
async function useKeyboard(page) {
  await page.getByLabel("Rows").focus();
  // The shares of the second row are known since the pointer was there.
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowDown");
  await page.locator(".row[data-target=true]:focus").waitFor(PATIENCE);
  assert((await heatIn(page, ".stack-rows")).length > 0, "a focused candidate should paint the tokens.");
  await page.keyboard.press("Escape");
  await page.locator(".token[data-heat]").first().waitFor({ state: "detached", timeout: 5_000 });
  await page.getByRole("group", { name: "Tokens" }).focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowUp");
  await page.locator(".stack-rows .token-aim[data-target=true]:focus").waitFor(PATIENCE);
  await page.keyboard.press("ArrowDown");
  await page.locator(".stack-rows .token-last[data-target=true]:focus").waitFor(PATIENCE);
  const words = await page.locator(".heat-line").innerText();
  assert(/depends on .* %/.test(words), `the heat should be told in words, and is told so: ${words}`);
  await page.keyboard.press("Escape");
}

/** @param {Page} page */
async function readInBothThemes(page) {
  await page.getByRole("switch", { name: "Signed" }).check();
  await askBy(page, () => page.locator(".row-item .row").first().hover());
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    await page.locator('.stack-rows .token[data-heat="against"]').first().waitFor(PATIENCE);
    const heat = await heatIn(page, ".stack-rows");
    assert(heat.every(({ score, title }) => title.includes(score < 0 ? " · \u2212" : " · +")), "a contribution should be told with its sign.");
    const worst = Math.min(...heat.map(({ color, background }) => contrast(color, background)));
    assert(worst >= 4.5, `in the ${colorScheme} theme a painted token has a contrast of only ${worst.toFixed(2)}.`);
  }
  await page.emulateMedia({ colorScheme: null });
  await page.getByRole("switch", { name: "Signed" }).uncheck();
}

/**
 * The ratio of WCAG 2.
 * @param {string} a
 * @param {string} b
 */
function contrast(a, b) {
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((one, other) => one - other);
  return (light + 0.05) / (dark + 0.05);
}

/** Of "rgb(0, 0, 255)" and of "color(srgb 0 0 1)". @param {string} color */
function luminance(color) {
  const scale = color.startsWith("color(srgb") ? 1 : 255;
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+(e-?\d+)?/g) ?? []).map((part) => {
    const value = Number(part) / scale;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {Page} page @param {number} length of the completion */
async function openTable(page, length) {
  const opener = button(page, "All generated tokens");
  await opener.focus();
  await page.keyboard.press("Enter");
  const table = page.getByRole("dialog");
  await table.locator("tbody tr").nth(length - 1).waitFor(PATIENCE);
  const rows = await table.locator("tbody tr").evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll(".matrix-cell")].map((cell) => Number(cell.getAttribute("data-score")))),
  );
  assert(rows.every((row, index) => row.length === (rows[0]?.length ?? 0) + index), "each row should be one token longer than the one before.");
  for (const row of rows) {
    const sum = row.reduce((total, score) => total + score, 0);
    assert(Math.abs(sum - 1) < 1e-3, `a row of the table adds up to ${sum} instead of 1.`);
  }
  await page.keyboard.press("Escape");
  await table.waitFor({ state: "detached", timeout: 5_000 });
  assert(await opener.evaluate((one) => one === document.activeElement), "closing the table should give the focus back.");
  console.log("  the table of all generated tokens is a triangle whose rows add up to 1");
}

/** @param {Page} page @param {string[]} complaints */
async function showRefusal(page, complaints) {
  const more = page.locator("#attribution-body details");
  if ((await more.getAttribute("open")) === null) await more.locator("summary").click();
  const field = page.getByRole("textbox", { name: "Layers" });
  await field.fill("0, 99");
  const before = complaints.length;
  await page.locator(".row-item .row").first().hover();
  const error = page.locator("#attribution-body .note-error");
  await error.waitFor(PATIENCE);
  const text = await error.innerText();
  assert(/“Layers”.* 0 to 29/s.test(text), `the error should name the option and says: ${text}`);
  await page.waitForTimeout(100);
  // Chromium tells of the answer; nothing else may have gone wrong.
  const [refusal, ...others] = complaints.splice(before);
  assert(/status of 400/.test(refusal ?? "") && others.length === 0, `expected one refused request, but: ${[refusal, ...others].join("; ")}`);
  await page.mouse.move(2, 2);
  await field.fill("");
  await error.waitFor({ state: "detached", timeout: 5_000 });
}

/**
 * Does something that makes the page ask, and returns what it asked.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<AttributionRequest>}
 */
async function askBy(page, act) {
  const [response] = await Promise.all([page.waitForResponse((one) => isAnswer(one, "/api/attribution"), PATIENCE), act()]);
  assert(response.status() === 200, `/api/attribution answered ${response.status()}.`);
  return response.request().postDataJSON();
}

/** @param {Page} page @param {string} place */
function heatIn(page, place) {
  return page.locator(`${place} .token[data-heat]`).evaluateAll((tokens) =>
    tokens.map((token) => {
      const { color, backgroundColor } = getComputedStyle(token);
      return { score: Number(token.getAttribute("data-score")), title: token.getAttribute("title") ?? "", color, background: backgroundColor };
    }),
  );
}
