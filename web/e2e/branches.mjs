// Inputs as the branches of a session: their cards, and an input that was forked.

import { expect } from "@playwright/test";
import { button, completionLength, forceText, previewBy, settle } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** The names on the cards, the active one with a star: "Input 1,*hot". @param {Page} page */
export function cards(page) {
  return page.locator(".input-cards > *").evaluateAll((all) => all.map((card) => `${card.classList.contains("input") ? "*" : ""}${card.querySelector("h2, .waiting-name")?.textContent}`).join());
}

/** @param {Page} page @param {string} expected @param {string} after */
export async function expectCards(page, expected, after) {
  await expect.poll(() => cards(page), `${after}, the inputs`).toBe(expected);
}

/** The words of the completion. @param {Page} page */
export function completion(page) {
  return page.locator(".token[data-index]").evaluateAll((all) => all.map((token) => token.querySelector(".token-text, .space-mark")?.parentElement?.textContent ?? token.textContent));
}

/** "Input 1" with a completion, and "hot", the active one, without its last token and with another in its place. @param {Page} page */
export async function forkHot(page) {
  await forceText(page, "The sea is wide");
  const length = await completionLength(page);
  await previewBy(page, () => button(page, "Fork").click());
  await previewBy(page, () => button(page, "Delete last token").click());
  await forceText(page, " cold and deep");
  await rename(page, "hot");
  await settle(page);
  return length;
}

/** @param {Page} page @param {string} name */
export async function rename(page, name) {
  await page.locator(".branch-name").dblclick();
  const field = page.getByLabel("Name of this input");
  await field.fill(name);
  await field.press("Enter");
  await expect(field).toHaveCount(0);
}

