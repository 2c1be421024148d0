// Windows of any size. What is seen there goes to target/screenshots, for people to look at.

import { fileURLToPath } from "node:url";
import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, forceText } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const SIZES = [[1280, 720], [1920, 1080], [1200, 720], [900, 800], [700, 800], [390, 844], [360, 740], [320, 640]];
const PICTURES = new URL("../../target/screenshots/", import.meta.url);

check("B7 B83", "no sideways scroll at any size, in both themes", async ({ page }) => {
  await forceText(page, " Paris, of course");
  for (const [width = 0, height = 0] of SIZES) {
    for (const theme of /** @type {const} */ (["light", "dark"])) {
      await page.setViewportSize({ width, height });
      await page.emulateMedia({ colorScheme: theme });
      // What stands elsewhere at this size may come a frame later.
      await expect(async () => {
        const { wide, room } = await page.evaluate(() => ({ wide: document.scrollingElement?.scrollWidth ?? 0, room: innerWidth }));
        assert(room === width && wide <= room, `at ${width}x${height} the page is ${wide} px wide and scrolls sideways.`);
        await assertInView(page, width, height);
      }).toPass({ timeout: 5_000 });
      await page.screenshot({ path: fileURLToPath(new URL(`${width}x${height}-${theme}.png`, PICTURES)), animations: "disabled" });
    }
  }
});

/** @param {Page} page @param {number} width @param {number} height */
async function assertInView(page, width, height) {
  for (const name of ["Step", "Play", "Delete last token"]) {
    const box = await button(page, name).boundingBox();
    const inView = box && box.x >= 0 && box.y >= 0 && box.x + box.width <= width && box.y + box.height <= height;
    assert(inView, `at ${width}x${height} the button ${name} is not in view.`);
  }
}
