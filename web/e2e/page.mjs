// The page as a person uses it: the things the checks press and read.

import { assert, isAnswer } from "./browser.mjs";

/** @import { Page } from "playwright-core" */
/** @import { PreviewResponse, StepResponse } from "../types/wire" */

/** @param {Page} page @param {string} name */
export function button(page, name) {
  return page.getByRole("button", { name, exact: true });
}

/** @param {Page} page */
export function completionLength(page) {
  return page.locator(".pills .pill-arrow ~ .token").count();
}

/**
 * Does something that makes the page step, and returns the server's answer.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<StepResponse>}
 */
export async function stepBy(page, act) {
  const [response] = await Promise.all([page.waitForResponse((one) => isAnswer(one, "/api/step"), { timeout: 60_000 }), act()]);
  assert(response.status() === 200, `/api/step answered ${response.status()}: ${await response.text()}`);
  return response.json();
}

/**
 * Does something that makes the page preview, and returns the server's answer.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<PreviewResponse>}
 */
export async function previewBy(page, act) {
  const [response] = await Promise.all([page.waitForResponse((one) => isAnswer(one, "/api/preview"), { timeout: 60_000 }), act()]);
  assert(response.status() === 200, `/api/preview answered ${response.status()}: ${await response.text()}`);
  return response.json();
}

/**
 * Waits until the completion has this many tokens.
 * @param {Page} page
 * @param {number} count
 * @param {string} after
 */
export async function expectLength(page, count, after) {
  const deadline = Date.now() + 10_000;
  let seen = await completionLength(page);
  while (seen !== count && Date.now() < deadline) {
    await page.waitForTimeout(20);
    seen = await completionLength(page);
  }
  assert(seen === count, `${after}, the completion should show ${count} tokens and shows ${seen}.`);
}

/** Takes the completion away, if there is one. @param {Page} page */
export async function clearCompletion(page) {
  if ((await completionLength(page)) === 0) return;
  await previewBy(page, () => button(page, "Remove completion").click());
  await expectLength(page, 0, "After Remove completion");
}

/** The row that was picked is shown for 180 ms; this waits until the next position is on screen. @param {Page} page */
export async function settle(page) {
  await page.locator('.row[data-chosen="true"]').waitFor({ state: "detached", timeout: 10_000 });
  await page.locator(".row-item").first().waitFor({ timeout: 10_000 });
}
