// A session that was exported as a web page: it plays from disk, without a network.

import { readFileSync } from "node:fs";
import { assertNoComplaints, watch } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, forceText, settle, stepBy } from "./page.mjs";

/** @import { Browser, Page, TestInfo } from "@playwright/test" */

/**
 * Writes two tokens after a forced one, and saves the page that replays them.
 * @param {Page} page
 * @param {TestInfo} info
 */
async function exported(page, info) {
  await forceText(page, " Paris");
  for (let steps = 0; steps < 2; steps += 1) {
    await stepBy(page, () => button(page, "Step").click());
    await settle(page);
  }
  await button(page, "Save and open").first().click();
  const [download] = await Promise.all([page.waitForEvent("download"), button(page, "Web page").click()]);
  const path = info.outputPath("session.html");
  await download.saveAs(path);
  return path;
}

/**
 * @param {Browser} browser
 * @param {string} path
 * @param {import("@playwright/test").BrowserContextOptions} [options]
 */
async function openFile(browser, path, options) {
  const context = await browser.newContext({ offline: true, ...options });
  const complaints = watch(context, "file://");
  const page = await context.newPage();
  const requests = /** @type {string[]} */ ([]);
  page.on("request", (request) => void requests.push(request.url()));
  await page.goto(`file://${path}`);
  const end = async () => {
    expect(requests.every((url) => url === `file://${path}`), `nothing else is asked for: ${requests}`).toBe(true);
    await context.close();
    assertNoComplaints(complaints);
  };
  return { page, end };
}

check("C26", "the replay plays from disk, offline, and keys step", async ({ page, browser }, info) => {
  const { page: replay, end } = await openFile(browser, await exported(page, info));
  const [words, play] = [replay.locator(".word:visible"), replay.locator("#play")];
  const all = await words.count();
  expect(all).toBeGreaterThanOrEqual(3);
  await replay.getByLabel("Speed").selectOption("16 a second");
  await play.click();
  await expect(words).not.toHaveCount(all);
  await expect(words).toHaveCount(all);
  await expect(play).toHaveText("Play");
  await replay.locator("body").press("Home");
  await expect(words).toHaveCount(0);
  await replay.locator("body").press("ArrowRight");
  await expect(words).toHaveCount(1);
  await expect(replay.locator("#pick")).toContainText("Token 1: ");
  await expect(replay.locator("#rows .chosen")).toHaveCount(1);
  await replay.getByLabel("Speed").selectOption("1 a second");
  await replay.locator("#reading").press(" ");
  await expect(play).toHaveText("Pause");
  await replay.locator("#reading").press(" ");
  await expect(play).toHaveText("Play");
  await end();
});

check("C26", "the replay is tinted like the text view, has both themes, and says what it was made with", async ({ page, browser }, info) => {
  const path = await exported(page, info);
  const { page: replay, end } = await openFile(browser, path, { colorScheme: "light" });
  const look = () => replay.locator(".word").evaluateAll((all) => all.map((word) => getComputedStyle(word).backgroundColor).join());
  const choose = (/** @type {string} */ name) => replay.locator("label", { hasText: name }).click();
  const tinted = await look();
  await choose("Entropy");
  expect(await look()).not.toBe(tinted);
  await choose("Off");
  await expect(replay.locator("#legend")).toBeHidden();
  const paper = () => replay.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await paper();
  await choose("dark");
  expect(await paper()).not.toBe(light);
  await choose("auto");
  expect(await paper()).toBe(light);
  await expect(replay.getByText("Made with Tokenscope")).toBeVisible();
  await end();
});

check("C26", "the replay fits every window, and axe finds nothing in it", async ({ page, browser }, info) => {
  const path = await exported(page, info);
  const { page: replay, end } = await openFile(browser, path, { bypassCSP: true });
  const axe = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
  for (const [width, height] of /** @type {const} */ ([[320, 568], [360, 740], [1280, 720], [1920, 1080]])) {
    await replay.setViewportSize({ width, height });
    expect(await replay.evaluate(() => document.documentElement.scrollWidth), `at ${width}`).toBeLessThanOrEqual(width);
    await replay.locator("body").press("End");
    for (const id of ["#play", "#words", "#rows"]) await expect(replay.locator(id)).toBeInViewport();
    for (const theme of ["light", "dark"]) {
      await replay.locator("label", { hasText: theme }).click();
      const found = await replay.evaluate(async (axe) => {
        if (!("axe" in window)) new Function(axe)();
        const { violations } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] });
        return violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes[0]?.html}`);
      }, axe);
      expect(found, `at ${width}, ${theme}`).toEqual([]);
    }
  }
  await end();
});
