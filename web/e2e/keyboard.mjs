// The way of the focus, as people take it.

import { assert } from "./browser.mjs";

/** @import { Page } from "@playwright/test" */

/**
 * Presses Tab, or Shift+Tab, until the element has the focus, as people do.
 * @param {Page} page
 * @param {string} selector
 * @param {string} [key]
 */
export async function tabTo(page, selector, key = "Tab") {
  for (let presses = 0; presses < 120; presses += 1) {
    const focused = await page.evaluate((wanted) => {
      const focus = document.activeElement;
      return focus?.matches(wanted) === true;
    }, selector);
    if (focused) return assertFocusSeen(page, selector);
    await page.keyboard.press(key);
  }
  throw new Error(`${selector} cannot be reached with ${key}.`);
}

/** @param {Page} page @param {string} selector */
async function assertFocusSeen(page, selector) {
  const { outline, visible } = await page.evaluate(() => {
    const focus = /** @type {Element} */ (document.activeElement);
    const shown = focus.classList.contains("sr-only") ? (focus.closest("label") ?? focus) : focus;
    const { width, height, top, bottom } = shown.getBoundingClientRect();
    return { outline: getComputedStyle(shown).outlineStyle, visible: width > 0 && height > 0 && bottom > 0 && top < innerHeight };
  });
  assert(outline !== "none" && visible, `the focus on ${selector} should be seen.`);
}
