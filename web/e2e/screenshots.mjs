// Pictures of every view, light and dark, as wide as a phone, a laptop and a large screen, for people to
// look at.
//
//   node e2e/screenshots.mjs --url http://127.0.0.1:PORT [--out FOLDER] [--chromium PATH]

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { assertNoComplaints, openReady, run, watch } from "./browser.mjs";
import { button, clearCompletion, forceText, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const SIZES = [[360, 740], [1280, 720], [1920, 1080]];
const WORDS = [" Paris, and it is", " one of the most visited cities in the world.", " Its museums are full of"];

await run("screenshots", async (options, browser) => {
  const out = options.out || fileURLToPath(new URL("../../target/screenshots", import.meta.url));
  mkdirSync(out, { recursive: true });
  for (const [width = 0, height = 0] of SIZES)
    for (const theme of /** @type {const} */ (["light", "dark"])) {
      const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" });
      const page = await context.newPage();
      const complaints = watch(page.context(), options.url);
      const shoot = async (/** @type {string} */ name) => {
        await page.waitForTimeout(400);
        await page.screenshot({ path: join(out, `${name}-${width}-${theme}.png`) });
      };
      await openReady(page, options.url);
      await write(page);
      await shoot("flow");
      for (const view of ["Text", "Branches"]) {
        await page.getByRole("tab", { name: view }).click();
        await shoot(view.toLowerCase());
      }
      await page.getByRole("tab", { name: "Flow" }).click();
      await page.keyboard.press("?");
      await shoot("help");
      await page.keyboard.press("Escape");
      await constrain(page);
      await shoot("grammar");
      assertNoComplaints(complaints);
      await context.close();
      const visitor = await browser.newPage({ viewport: { width, height }, colorScheme: theme, reducedMotion: "reduce" });
      await visitor.goto(options.url);
      await visitor.locator(".row-item").first().waitFor({ timeout: 60_000 });
      await visitor.waitForTimeout(600);
      await visitor.screenshot({ path: join(out, `tour-${width}-${theme}.png`) });
      await visitor.close();
    }
  console.log(`  in ${out}`);
}, 1);

/** A completion with a fork in it. @param {Page} page */
async function write(page) {
  for (const words of WORDS) await forceText(page, words);
  await page.keyboard.press("b");
  await page.waitForTimeout(500);
  for (let steps = 0; steps < 3; steps += 1) await page.keyboard.press("ArrowLeft");
  await page.waitForTimeout(600);
  await stepBy(page, () => page.keyboard.press("ArrowRight"));
  await settle(page);
}

/** From the first token on. The page is made as wide as it needs to be for the settings, which a phone has behind a button. @param {Page} page */
async function constrain(page) {
  const size = page.viewportSize();
  await page.setViewportSize({ width: 1280, height: 720 });
  await clearCompletion(page);
  await button(page, "Constrained sampling").click();
  await page.locator("label", { hasText: "Constrain sampling" }).click();
  await page.locator(".grammar").waitFor({ timeout: 30_000 });
  if (size) await page.setViewportSize(size);
}
