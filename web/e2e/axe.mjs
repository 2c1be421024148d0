// axe-core over every view, in both themes, on a desk and on a phone: it must find nothing.
//
//   node e2e/axe.mjs --url http://127.0.0.1:PORT [--chromium PATH]

import { readFileSync } from "node:fs";
import { assert, assertNoComplaints, openReady, run, watch } from "./browser.mjs";
import { button, clearCompletion, forceText, previewBy, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const SIZES = [{ width: 1280, height: 720 }, { width: 360, height: 740 }];
const THEMES = /** @type {const} */ (["light", "dark"]);

/** What is open on top of a view. @type {[string, (page: Page) => Promise<unknown>, (page: Page) => Promise<unknown>][]} */
const EXTRAS = [
  ["help", (page) => button(page, "Help").click(), (page) => button(page, "Close").click()],
  ["card of a token", showHistory, (page) => page.keyboard.press("Escape")],
  ["search and logits", search, async () => {}],
  ["tour", startTour, (page) => page.keyboard.press("Escape")],
  ["prompt library", (page) => openFromFlow(page, "Examples"), (page) => page.keyboard.press("Escape")],
  ["save and open", (page) => openFromFlow(page, "Save and open"), (page) => page.keyboard.press("Escape")],
];

await run("axe", async (options, browser) => {
  for (const viewport of SIZES) {
    const context = await browser.newContext({ viewport, bypassCSP: true });
    const page = await context.newPage();
    const complaints = watch(page.context(), options.url);
    await openReady(page, options.url);
    for (const text of [" Paris 🎉", " is nice"]) await forceText(page, text);
    await fork(page);
    for (const view of ["Flow", "Text", "Branches"]) {
      await page.getByRole("tab", { name: view }).click();
      await page.waitForTimeout(300);
      await inspectThemes(page, `${view} at ${viewport.width}`);
    }
    await page.getByRole("tab", { name: "Text" }).click();
    for (const [name, open, close] of EXTRAS) {
      await open(page);
      await page.waitForTimeout(400);
      await inspectThemes(page, `${name} at ${viewport.width}`);
      await close(page);
    }
    await page.getByRole("tab", { name: "Flow" }).click();
    await openSettings(page);
    await inspectThemes(page, `settings at ${viewport.width}`);
    await constrain(page);
    await inspectThemes(page, `constraint at ${viewport.width}`);
    await clearCompletion(page);
    await inspectThemes(page, `grammar without a completion at ${viewport.width}`);
    await breakConstraint(page);
    await inspectThemes(page, `error in a constraint at ${viewport.width}`);
    assertNoComplaints(complaints);
    await context.close();
  }
}, 1);

/** @param {Page} page @param {string} where */
async function inspectThemes(page, where) {
  // What the model still reads is paler, and out of sight it may stay so until somebody scrolls there.
  await page.locator('[data-stale="true"]').waitFor({ state: "detached" });
  await page.evaluate(() => document.getAnimations().forEach((one) => one instanceof CSSTransition && one.finish()));
  for (const colorScheme of THEMES) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await page.waitForTimeout(100);
    const found = await page.evaluate(async (axe) => {
      if (!("axe" in window)) new Function(axe)();
      const { violations } = await /** @type {any} */ (window).axe.run(document, { resultTypes: ["violations"] });
      return violations.flatMap((/** @type {any} */ { id, nodes }) => nodes.map((/** @type {any} */ node) => `${id}: ${node.html.slice(0, 160)}\n      ${node.failureSummary.replaceAll("\n", " ")}`));
    }, AXE);
    assert(found.length === 0, `${where}, ${colorScheme}, axe finds ${found.length}:\n    ${found.join("\n    ")}`);
  }
  console.log(`  ${where}: nothing in either theme`);
}

/** Two inputs that part, and a path that was left. @param {Page} page */
async function fork(page) {
  await button(page, "Fork").click();
  for (let tokens = 0; tokens < 2; tokens += 1) await previewBy(page, () => button(page, "Delete last token").click());
  await forceText(page, " was");
}

/** @param {Page} page @param {string} name */
async function openFromFlow(page, name) {
  await page.getByRole("tab", { name: "Flow" }).click();
  await button(page, name).click();
}

/** @param {Page} page */
async function showHistory(page) {
  await page.locator(".word").last().focus();
  await page.keyboard.press("ArrowUp");
  await page.locator("#history").waitFor();
}

/** @param {Page} page */
async function startTour(page) {
  await button(page, "Help").click();
  await button(page, "Show the tour").click();
  await page.getByRole("dialog", { name: "Text goes in" }).waitFor();
}

/** @param {Page} page */
async function search(page) {
  await page.getByLabel("Find a token").fill("Paris");
  await page.locator(".found .row").first().waitFor();
  await button(page, "Logits").click();
}

/** @param {Page} page */
async function openSettings(page) {
  if (await button(page, "Settings").isVisible()) await button(page, "Settings").click();
  for (const name of ["Generation parameters", "Step speed", "Attribution"]) {
    const card = button(page, name);
    if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  }
  await page.getByRole("combobox", { name: "Where did a token come from?" }).selectOption({ label: "Saliency" });
}

/** With one token that the constraint allows. @param {Page} page */
async function constrain(page) {
  await closeSettings(page);
  await clearCompletion(page);
  await openSettings(page);
  const card = button(page, "Constrained sampling");
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  await previewBy(page, () => page.locator("label", { hasText: "Constrain sampling" }).click());
  await page.locator(".constraint-fine").waitFor();
  await closeSettings(page);
  await previewBy(page, () => stepBy(page, () => button(page, "Step").click()));
  await settle(page);
  await page.locator(".grammar").waitFor();
}

/** @param {Page} page */
async function breakConstraint(page) {
  await openSettings(page);
  await page.getByLabel("Kind", { exact: true }).selectOption("regex");
  await page.locator("#constraint-text").fill("a(b");
  await page.locator("#constraint-text[aria-invalid=true]").waitFor();
}

/** In a narrow window they lie over the rest. @param {Page} page */
async function closeSettings(page) {
  if (await button(page, "Close settings").isVisible()) await button(page, "Close settings").click();
}
