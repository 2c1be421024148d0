// The tour: each card stands beside what it points at, which can be seen and used.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, previewBy } from "./page.mjs";

const SIZES = [[360, 740], [390, 844], [640, 360], [700, 900], [1000, 700], [1280, 720], [1920, 1080]];

check("C12", "no card of the tour covers what it points at, at any width, and all of it is in the window", async ({ page }) => {
  for (const [width = 0, height = 0] of SIZES) {
    await page.setViewportSize({ width, height });
    await button(page, "Help").click();
    await button(page, "Show the tour").click();
    for (let step = 1; step <= 5; step += 1) {
      const where = `step ${step} at ${width} px`;
      const card = page.locator(".tour");
      await expect(card).toContainText(`${step} of 5`);
      await expect(page.locator("[data-tour]"), where).toHaveCount(1);
      await expect(page.locator("[data-tour]"), where).toBeInViewport();
      await expect(card, where).toBeInViewport({ ratio: 1 });
      const [about, own] = [await page.locator("[data-tour]").boundingBox(), await card.boundingBox()];
      assert(about && own, `${where}: both should be on the page.`);
      const apart = own.x >= about.x + about.width || own.x + own.width <= about.x || own.y >= about.y + about.height || own.y + own.height <= about.y;
      assert(apart, `${where}: the card covers what it points at.`);
      await card.locator(".button-primary").click();
    }
    await expect(page.locator(".tour")).toHaveCount(0);
  }
});

check("C12", "the step about knobs shows them, open, where the rows are in sight, and puts them away again", async ({ page }) => {
  for (const [width = 0, height = 0] of [[1280, 720], [360, 740]]) {
    await page.setViewportSize({ width, height });
    if (width === 1280) await button(page, "Generation parameters").click();
    await expect(page.locator("#knob-temperature")).toBeHidden();
    await button(page, "Help").click();
    await button(page, "Show the tour").click();
    for (let step = 1; step < 4; step += 1) await page.locator(".tour .button-primary").click();
    await expect(page.locator(".tour")).toContainText("Move one and watch the bars");
    const slider = page.locator("#knob-temperature");
    await expect(slider).toBeInViewport({ ratio: 1 });
    await expect(page.locator(".row-item").first()).toBeInViewport();
    await previewBy(page, () => slider.press(width === 360 ? "Home" : "End"));
    await page.locator(".tour .button-primary").click();
    if (width === 360) await expect(slider).toBeHidden();
    await page.keyboard.press("Escape");
  }
});
