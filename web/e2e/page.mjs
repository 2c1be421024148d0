// The page as a person uses it: the things the checks press and read.

import { assert, isAnswer } from "./browser.mjs";

/** @import { Page } from "@playwright/test" */
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

/** Opens a card of the settings, if it is closed. @param {Page} page @param {string} title */
export async function openCard(page, title) {
  const card = button(page, title);
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
}

/** Forces a text, and waits for the position after it. @param {Page} page @param {string} text */
export async function forceText(page, text) {
  const field = page.getByLabel("Text to force");
  await field.fill(text);
  const answer = await stepBy(page, () => field.press("Enter"));
  await settle(page);
  await field.blur();
  return answer;
}

/** Lets go of the focus, so that keys belong to the page. @param {Page} page */
export function blur(page) {
  return page.evaluate(() => document.activeElement instanceof HTMLElement && document.activeElement.blur());
}

/**
 * What the page asks for while something is done, and a little after.
 * @param {Page} page
 * @param {string} path
 * @param {() => Promise<unknown>} act
 * @param {number} [after] in milliseconds
 * @returns {Promise<{ body: any, at: number }[]>}
 */
export async function requestsDuring(page, path, act, after = 400) {
  const seen = /** @type {{ body: any, at: number }[]} */ ([]);
  const note = (/** @type {import("@playwright/test").Request} */ request) => {
    if (new URL(request.url()).pathname === path) seen.push({ body: request.postDataJSON(), at: Date.now() });
  };
  page.on("request", note);
  await act();
  await page.waitForTimeout(after);
  page.off("request", note);
  return seen;
}

/**
 * The last preview that is asked for because of what is done.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<import("../types/wire").PreviewRequest>}
 */
export async function previewAskedBy(page, act) {
  const asked = await requestsDuring(page, "/api/preview", act);
  assert(asked.length > 0, "a preview should be asked for.");
  return asked.at(-1)?.body;
}

/**
 * Waits until something is as it should be.
 * @param {Page} page
 * @param {() => Promise<unknown>} seen
 * @param {unknown} expected
 * @param {string} what
 */
export async function expectSoon(page, seen, expected, what) {
  const deadline = Date.now() + 10_000;
  const wanted = JSON.stringify(expected);
  let found = JSON.stringify(await seen());
  while (found !== wanted && Date.now() < deadline) {
    await page.waitForTimeout(20);
    found = JSON.stringify(await seen());
  }
  assert(found === wanted, `${what} should be ${wanted} and is ${found}.`);
}

/** What is kept under a name. @param {Page} page @param {string} key */
export function stored(page, key) {
  return page.evaluate((name) => localStorage.getItem(name), key);
}
