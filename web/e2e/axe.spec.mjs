// axe finds nothing in any view, in both themes, on a desk and on a phone.

import { expectAccessible } from "./axe.mjs";
import { editor, kindField, toggleConstraint } from "./constraint.mjs";
import { chooseMethod } from "./attribution.mjs";
import { check, test } from "./harness.mjs";
import { button, clearCompletion, forceText, openCard, previewBy, step } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** What opens over a view, and how it is left. @type {[string, (page: Page) => Promise<unknown>, (page: Page) => Promise<unknown>][]} */
const EXTRAS = [
  ["help", (page) => button(page, "Help").click(), (page) => button(page, "Close").click()],
  ["the card of a token", showHistory, (page) => page.keyboard.press("Escape")],
  ["search and logits", search, async () => {}],
  ["the tour", startTour, (page) => page.keyboard.press("Escape")],
  ["the prompt library", (page) => openFromFlow(page, "Examples"), (page) => page.keyboard.press("Escape")],
  ["save and open", (page) => openFromFlow(page, "Save and open"), (page) => page.keyboard.press("Escape")],
];

for (const viewport of [{ width: 1280, height: 720 }, { width: 360, height: 740 }])
  test.describe(`${viewport.width} px wide`, () => {
    test.use({ viewport, bypassCSP: true });

    check("B83", "axe finds nothing in the three views", async ({ page }) => {
      await fork(page);
      for (const name of ["Flow", "Text", "Branches"]) {
        await page.getByRole("tab", { name }).click();
        await page.getByRole("tab", { name, selected: true }).waitFor();
        await expectAccessible(page, name);
      }
    });

    check("B83", "axe finds nothing in what opens over a view", async ({ page }) => {
      await fork(page);
      await page.getByRole("tab", { name: "Text" }).click();
      for (const [name, open, close] of EXTRAS) {
        await open(page);
        await expectAccessible(page, name);
        await close(page);
      }
    });

    check("B83", "axe finds nothing in the settings, a constraint and its error", async ({ page }) => {
      await forceText(page, " Paris");
      await openSettings(page);
      await expectAccessible(page, "settings");
      await constrain(page);
      await expectAccessible(page, "a constraint");
      await clearCompletion(page);
      await expectAccessible(page, "the grammar without a completion");
      await openSettings(page);
      await kindField(page).selectOption("regex");
      await editor(page).fill("a(b");
      await page.locator("#constraint-text[aria-invalid=true]").waitFor();
      await expectAccessible(page, "an error in a constraint");
    });
  });

/** Two inputs that part, and a path that was left. @param {Page} page */
async function fork(page) {
  for (const text of [" Paris 🎉", " is nice"]) await forceText(page, text);
  await previewBy(page, () => button(page, "Fork").click());
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
  for (const name of ["Generation parameters", "Step speed"]) await openCard(page, name);
  await chooseMethod(page, "Saliency");
}

/** With one token that the constraint allows. @param {Page} page */
async function constrain(page) {
  await closeSettings(page);
  await clearCompletion(page);
  await openSettings(page);
  await openCard(page, "Constrained sampling");
  await previewBy(page, () => toggleConstraint(page));
  await page.locator(".constraint-fine").waitFor();
  await closeSettings(page);
  await step(page);
  await page.locator(".grammar").waitFor();
}

/** In a narrow window they lie over the rest. @param {Page} page */
async function closeSettings(page) {
  if (await button(page, "Close settings").isVisible()) await button(page, "Close settings").click();
}
