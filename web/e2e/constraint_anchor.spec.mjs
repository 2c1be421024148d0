// A constraint that is off is quiet; one that is switched on says from where it counts.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, openCard, previewBy, requestsDuring, settle, step } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** The switch itself is drawn by its label. @param {Page} page */
const toggle = (page) => page.locator("label", { hasText: "Constrain sampling" }).click();
/** @param {Page} page */
const text = (page) => page.locator("#constraint-text");

check("C11", "a constraint that is off keeps its text, and is neither checked nor red", async ({ page }) => {
  await openCard(page, "Constrained sampling");
  await toggle(page);
  await page.getByLabel("Kind", { exact: true }).selectOption("regex");
  await text(page).fill("(yes|no");
  await expect(page.locator(".constraint-failure")).toBeVisible();
  await expect(text(page)).toHaveAttribute("aria-invalid", "true");
  await previewBy(page, () => toggle(page));
  const quiet = async () => {
    await expect(text(page)).toHaveAttribute("aria-invalid", "false");
    await expect(page.locator(".editor-mark, .constraint-state .note-error, .constraint-failure")).toHaveCount(0);
  };
  await quiet();
  const asked = await requestsDuring(page, "/api/constraint/check", () => text(page).fill("(yes|(no"));
  expect(asked, "nothing should be checked").toEqual([]);
  // That is when the page asked again, as it did for another model.
  const later = await requestsDuring(page, "/api/constraint/check", async () => {
    await page.reload();
    await page.locator(".row-item").first().waitFor();
  });
  expect(later, "nothing should be checked").toEqual([]);
  await expect(text(page)).toHaveValue("(yes|(no");
  await quiet();
});

check("C11", "switched on in the midst of a completion it counts from here, and from the start if that is chosen", async ({ page, allow }) => {
  await openCard(page, "Constrained sampling");
  await step(page, 2);
  const { grammar } = await previewBy(page, () => toggle(page));
  expect(grammar?.anchor, "the grammar should count from the end").toBe(2);
  await expect(page.locator(".message")).toContainText("counts from here on: it does not look at the 2 tokens before");
  await step(page);
  await expect(button(page, "after token 2")).toHaveAttribute("aria-pressed", "true");
  allow(/status of 400/);
  await button(page, "from the start").click();
  await expect(page.locator(".constraint-failure")).toBeVisible();
  await previewBy(page, () => button(page, "Count from here").click());
  await settle(page);
  await previewBy(page, () => page.getByLabel("User message").or(page.getByLabel("Text", { exact: true })).fill("Another text"));
  await expect(page.locator(".message")).toContainText("it counts from the start");
  const { grammar: anew } = await previewBy(page, () => page.locator("#constraint-text").fill("yes\nno"));
  expect(anew?.anchor).toBe(0);
  assert((await button(page, "from the start").getAttribute("aria-pressed")) === "true", "a new text should be counted from its start.");
});
