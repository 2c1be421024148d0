// The projector view: large type, only text, chances and controls, and guessing first.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, forceText, previewBy, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const projector = (/** @type {Page} */ page) => page.locator(".projector");
const bars = (/** @type {Page} */ page) => page.locator(".projector-final");

/** @param {Page} page */
async function open(page) {
  await forceText(page, " Paris, and");
  await blur(page);
  await page.keyboard.press("p");
  await expect(bars(page)).toHaveCount(8);
}

/** The smallest type that is seen, and where. @param {Page} page */
function smallestType(page) {
  return page.evaluate(() => {
    const seen = [...document.querySelectorAll("body *")].filter((one) => {
      const { width, height } = one.getBoundingClientRect();
      const text = one.matches("input, textarea") || [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent?.trim());
      return text && width > 1 && height > 1 && one.checkVisibility({ visibilityProperty: true }) && !one.closest(".sr-only") && !one.matches("script, style, [type=range]");
    }).map((one) => ({ size: parseFloat(getComputedStyle(one).fontSize), what: `${one.className} ${one.textContent?.slice(0, 20)}` }));
    return seen.sort((a, b) => a.size - b.size)[0] ?? { size: 0, what: "nothing is seen" };
  });
}

check("C20", "P shows only text, chances and controls; P, Escape and the button leave", async ({ page }) => {
  await open(page);
  await expect(projector(page).locator(".projector-text")).toContainText("The capital of France is");
  await expect(projector(page).locator(".projector-last")).toHaveText(" and");
  for (const selector of [".header", ".sidebar", ".pills", ".wires"]) await expect(page.locator(selector)).toHaveCount(0);
  await stepBy(page, () => projector(page).getByRole("button", { name: "Step" }).click());
  await page.keyboard.press("p");
  await expect(projector(page)).toHaveCount(0);
  await expect(button(page, "Projector")).toBeFocused();
  await button(page, "Projector").click();
  await expect(projector(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(projector(page)).toHaveCount(0);
  await page.keyboard.press("p");
  await button(page, "Leave the projector view").click();
  await expect(page.locator(".header")).toBeVisible();
});

check("C20", "guess first hides the chances at each position until a key, a click or a remote control shows them", async ({ page }) => {
  await open(page);
  await page.keyboard.press("g");
  await expect(bars(page)).toHaveCount(0);
  await expect(projector(page).locator(".projector-row")).toHaveCount(0);
  await page.keyboard.press("r");
  await expect(bars(page)).toHaveCount(8);
  await stepBy(page, () => page.keyboard.press("ArrowRight"));
  await expect(bars(page)).toHaveCount(0);
  await projector(page).getByRole("button", { name: "Show the chances" }).click();
  await expect(bars(page)).toHaveCount(8);
  await blur(page);
  await stepBy(page, () => page.keyboard.press("PageDown"));
  await expect(bars(page)).toHaveCount(0);
  await page.keyboard.press("PageDown");
  await expect(bars(page)).toHaveCount(8);
  await button(page, "Guess first").click();
  await stepBy(page, () => button(page, "Step").click());
  await expect(bars(page)).toHaveCount(8);
});

check("C20", "a candidate is taken by a press, and knobs move the bars", async ({ page }) => {
  await open(page);
  const token = await projector(page).locator(".projector-token").nth(1).textContent();
  const answer = await stepBy(page, () => projector(page).locator(".projector-row").nth(1).click());
  assert(answer.appended[0]?.display === token, `${token} should be taken, and ${answer.appended[0]?.display} was.`);
  const legend = projector(page).locator(".projector-legend");
  await expect(legend, "the preset should be named").toContainText("Balanced");
  await page.locator("#knob-temperature").focus();
  const moved = await previewBy(page, () => page.keyboard.press("End"));
  assert(moved.dist?.stages.some(({ knobs }) => knobs["temperature"] === 2), "the temperature should be 2.");
  await expect(legend).toContainText("Custom");
});

check("C20", "no type is small and all rows and controls are in sight, from a beamer to a wall, light and dark", async ({ page }) => {
  await open(page);
  for (const [width = 0, height = 0, least = 0] of [[1280, 720, 17], [1920, 1080, 20], [3840, 2160, 20]])
    for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme });
      for (const row of await projector(page).locator(".projector-row").all()) await expect(row).toBeInViewport({ ratio: 1 });
      for (const name of ["Step", "Play", "Guess first"]) await expect(button(page, name)).toBeInViewport({ ratio: 1 });
      await assertLarge(page, least, `at ${width} px`);
      await page.keyboard.press("g");
      await expect(bars(page)).toHaveCount(0);
      await assertLarge(page, least, `at ${width} px, guessing`);
      await page.keyboard.press("g");
      await expect(bars(page)).toHaveCount(8);
    }
  await page.keyboard.press("?");
  await assertLarge(page, 20, "in the help at 3840 px");
});

/** @param {Page} page @param {number} least @param {string} where */
async function assertLarge(page, least, where) {
  const { size, what } = await smallestType(page);
  assert(size >= least, `"${what}" has ${size} px ${where}, and should have ${least}.`);
}
