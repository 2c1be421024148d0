// What attribution adds up to, how it is kept and read, and what is said of an error.

import { PATIENCE, askBy, chooseMethod, heat, leave } from "./attribution.mjs";
import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, forceText } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

check("B64 B67", "a hovered candidate paints the tokens before it, and their shares add up to 1", async ({ page }) => {
  const length = await prepare(page, "Saliency");
  const request = await askBy(page, () => page.locator(".row-item .row").nth(1).hover());
  assert(request.completion_ids?.length === length && request.target_index === length, "a candidate should be asked about after the whole completion.");
  await page.locator(".row[data-target=true]").waitFor(PATIENCE);
  const tokens = await page.locator(".stack-rows .token").count();
  await expect(heat(page), "every token should have heat").toHaveCount(tokens);
  const painted = await heatIn(page);
  const sum = painted.reduce((total, { score }) => total + score, 0);
  assert(Math.abs(sum - 1) < 1e-3, `the shares add up to ${sum} instead of 1.`);
  assert(new Set(painted.map(({ background }) => background)).size > 2, "the tokens should differ in colour.");
  assert(painted.every(({ title }) => / %$|click/.test(title)), "the tokens should tell their share.");
  await leave(page);
  await chooseMethod(page, "Off");
  await expect(page.locator(".heat-line"), "without a method nothing should be said about heat").toHaveCount(0);
});

check("B64", "a generated token's heat can be kept and let go", async ({ page }) => {
  await prepare(page, "Saliency");
  const request = await askBy(page, () => page.locator(".stack-rows .token-aim").last().hover());
  assert(request.completion_ids?.length === 0 && request.target_index === 0, "the first generated token should be asked about after the prompt.");
  await page.locator(".stack-rows .token[data-target=true]").waitFor(PATIENCE);
  await page.keyboard.press("k");
  await page.mouse.move(2, 2);
  await page.waitForTimeout(400);
  assert((await heat(page).count()) > 0, "a kept heat should outlast the pointer.");
  await page.locator(".heat-line").getByRole("button", { name: "Release" }).click();
  await expect(page.locator(".token[data-heat]")).toHaveCount(0);
});

check("B64 B83", "the keyboard reaches candidates and generated tokens", async ({ page }) => {
  await prepare(page, "Saliency");
  await blur(page);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowDown");
  await page.locator(".row[data-target=true]:focus").waitFor(PATIENCE);
  await expect(heat(page).first(), "a focused candidate should paint the tokens").toBeAttached();
  await page.keyboard.press("Escape");
  await expect(page.locator(".token[data-heat]")).toHaveCount(0);
  await page.locator(".stack-rows").focus();
  await page.keyboard.press("Tab");
  await page.keyboard.press("ArrowUp");
  await page.locator(".stack-rows .token-aim[data-target=true]:focus").waitFor(PATIENCE);
  await page.keyboard.press("ArrowDown");
  await page.locator(".stack-rows .token-last[data-target=true]:focus").waitFor(PATIENCE);
  await expect(page.locator(".heat-line"), "the heat should be told in words").toContainText(/depends on .* %/);
});

check("B67", "painted tokens can be read in both themes", async ({ page }) => {
  await prepare(page, "Input × gradient");
  await page.getByRole("switch", { name: "Signed" }).check();
  await askBy(page, () => page.locator(".row-item .row").first().hover());
  for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
    await page.emulateMedia({ colorScheme });
    await page.locator('.stack-rows .token[data-heat="against"]').first().waitFor(PATIENCE);
    await expect(async () => {
      const painted = await heatIn(page);
      assert(painted.every(({ score, title }) => title.includes(score < 0 ? " · \u2212" : " · +")), "a contribution should be told with its sign.");
      const worst = Math.min(...painted.map(({ color, background }) => contrast(color, background)));
      assert(worst >= 4.5, `in the ${colorScheme} theme a painted token has a contrast of only ${worst.toFixed(2)}.`);
    }).toPass({ timeout: 5_000 });
  }
});

check("B67", "the table of all generated tokens is a triangle whose rows add up to 1", async ({ page }) => {
  const length = await prepare(page, "Attention");
  const opener = button(page, "All generated tokens");
  await opener.focus();
  await page.keyboard.press("Enter");
  const table = page.getByRole("dialog");
  await expect(table.locator("tbody tr")).toHaveCount(length, PATIENCE);
  const rows = await table.locator("tbody tr").evaluateAll((all) =>
    all.map((row) => [...row.querySelectorAll(".matrix-cell")].map((cell) => Number(cell.getAttribute("data-score")))),
  );
  assert(rows.every((row, index) => row.length === (rows[0]?.length ?? 0) + index), "each row should be one token longer than the one before.");
  for (const row of rows) {
    const sum = row.reduce((total, score) => total + score, 0);
    assert(Math.abs(sum - 1) < 1e-3, `a row of the table adds up to ${sum} instead of 1.`);
  }
  await page.keyboard.press("Escape");
  await table.waitFor({ state: "detached" });
  await expect(opener, "closing the table should give the focus back").toBeFocused();
});

check("B68", "a refused option is told in the card", async ({ page, allow }) => {
  allow(/status of 400/);
  await prepare(page, "Attention");
  const more = page.locator("#attribution-body details");
  if ((await more.getAttribute("open")) === null) await more.locator("summary").click();
  const field = page.getByRole("textbox", { name: "Layers" });
  await field.fill("0, 99");
  await page.locator(".row-item .row").first().hover();
  const error = page.locator("#attribution-body .note-error");
  await expect(error, "the error should name the option, and what it takes").toContainText(/“Layers”.* 0 to 29/s, PATIENCE);
  await page.mouse.move(2, 2);
  await field.fill("");
  await error.waitFor({ state: "detached" });
});

/** Forces a text, and returns how many tokens it has. @param {Page} page @param {string} method */
async function prepare(page, method) {
  const { appended } = await forceText(page, " hello there");
  assert(appended.length > 1, "the text to force should have more than one token.");
  await chooseMethod(page, method);
  return appended.length;
}

/** @param {Page} page */
function heatIn(page) {
  return heat(page).evaluateAll((tokens) =>
    tokens.map((token) => {
      const { color, backgroundColor } = getComputedStyle(token);
      return { score: Number(token.getAttribute("data-score")), title: token.getAttribute("title") ?? "", color, background: backgroundColor };
    }),
  );
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
