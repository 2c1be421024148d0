// Another model, and the old one again: what becomes of a completion is said and can be undone.

import { fileURLToPath } from "node:url";
import { check, expect } from "./harness.mjs";
import { button, expectLength, forceText } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** Random weights and no chat template. */
const TINY = fileURLToPath(new URL("../../fixtures/tiny/llama", import.meta.url)).replace(/\/$/, "");

/** @param {Page} page @param {string} id */
async function load(page, id) {
  const field = page.getByRole("combobox", { name: "Model id" });
  await field.fill(id);
  await button(page, "Load").click();
  await expect(page.locator(".model-facts")).toContainText(id, { timeout: 60_000 });
  await expect(page.getByText("READY", { exact: true })).toBeVisible({ timeout: 60_000 });
}

check.alone("C6", "the completion that another model sets aside is told, undone, and back with its own", async ({ page }) => {
  const builtin = await page.getByRole("combobox", { name: "Model id" }).inputValue();
  await forceText(page, " Paris");
  const banner = page.locator(".banner-notice");
  try {
    await load(page, TINY);
    await expect(banner).toContainText("Input 1 was set aside");
    await expectLength(page, 0, "With another model");
    await banner.getByRole("button", { name: "Undo" }).click();
    await expect(banner).toHaveCount(0);
    await expectLength(page, 1, "After Undo");
    await button(page, "Redo").click();
    await expectLength(page, 0, "After Redo");
    await load(page, builtin);
    await expect(banner).toContainText("Input 1 is back");
    await expectLength(page, 1, "With its own model again");
    await expect(page.locator(".row-item").first()).toBeVisible();
    await banner.getByRole("button", { name: "Dismiss" }).click();
    await expect(banner).toHaveCount(0);
  } finally {
    if (!((await page.locator(".model-facts").textContent()) ?? "").includes(builtin)) await load(page, builtin);
  }
});
