// A phone, and a large window at 200 %: the end of the text over the controls, and the knobs as a sheet.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, forceText, previewBy, settle, stepBy } from "./page.mjs";

const SIZES = [[360, 740], [390, 844], [640, 360]];

check("C21", "the last tokens stay in sight over the controls, wherever the page is scrolled to", async ({ page }) => {
  await forceText(page, " Paris, and it is one of the most beautiful cities of the world, as everybody");
  for (const [width = 0, height = 0] of SIZES) {
    await page.setViewportSize({ width, height });
    for (const top of [0, 10_000]) {
      await page.evaluate((y) => scrollTo(0, y), top);
      const last = page.locator(".tail-last");
      await expect(last).toHaveText(" everybody");
      await expect(last).toBeInViewport({ ratio: 1 });
      await expect(button(page, "Step")).toBeInViewport({ ratio: 1 });
    }
    const answer = await stepBy(page, () => button(page, "Step").click());
    await settle(page);
    await expect(page.locator(".tail-last")).not.toHaveText(" everybody");
    assert(answer.appended.length === 1, "a token should be appended.");
    await previewBy(page, () => button(page, "Delete last token").click());
    assert((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `nothing should be wider than ${width} px.`);
  }
});

check("C21", "the knobs are a sheet: bars are in sight and answer while one moves, button and Escape close it", async ({ page }) => {
  for (const [width = 0, height = 0] of [...SIZES, [800, 600]]) {
    await page.setViewportSize({ width, height });
    const knobs = button(page, "Knobs");
    await knobs.click();
    await expect(knobs).toHaveAttribute("aria-expanded", "true");
    await expect(button(page, "Close knobs")).toBeFocused();
    for (const id of ["knob-temperature", "knob-top_p"]) await expect(page.locator(`#${id}`)).toBeInViewport({ ratio: 1 });
    await expect(page.locator("#model-title")).toBeHidden();
    const [sheet, bar, header] = await Promise.all([".sidebar", ".controls", ".header"].map((one) => page.locator(one).boundingBox()));
    assert(sheet && bar && header && sheet.y + sheet.height <= bar.y + 1, `at ${width} px the sheet should be over the controls.`);
    const seen = await page.locator(".row-item .track").evaluateAll((tracks, [top, bottom]) => tracks.filter((one) => {
      const box = one.getBoundingClientRect();
      return box.top >= Number(top) && box.bottom <= Number(bottom);
    }).length, [Math.max(0, header.y + header.height), sheet.y]);
    assert(seen >= 3, `at ${width} px three bars should be in sight beside the sheet, and ${seen} are.`);
    await page.locator("#knob-temperature").focus();
    const moved = await previewBy(page, () => page.keyboard.press([390, 800].includes(width) ? "Home" : "End"));
    assert(moved.dist !== null, "the rows should follow.");
    await page.keyboard.press("Escape");
    await expect(knobs).toBeFocused();
    await expect(knobs).toHaveAttribute("aria-expanded", "false");
    await expect(page.locator("#knob-temperature")).toBeHidden();
    await knobs.click();
    await button(page, "Close knobs").click();
    await expect(knobs).toBeFocused();
  }
  await blur(page);
  await page.setViewportSize({ width: 1280, height: 720 });
  await expect(button(page, "Knobs")).toBeHidden();
  await expect(page.locator("#knob-temperature")).toBeVisible();
});
