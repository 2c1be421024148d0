// The page as a person uses it: the things the checks press and read.

import { expect } from "@playwright/test";
import { fail, isAnswer } from "./browser.mjs";

/** @import { Page, Request, Response } from "@playwright/test" */
/** @import { PreviewRequest, PreviewResponse, StepResponse } from "../types/wire" */

/** @param {Page} page @param {string} name */
export function button(page, name) {
  return page.getByRole("button", { name, exact: true });
}

/** @param {Page} page */
const completionTokens = (page) => page.locator(".token[data-index]");

/** @param {Page} page */
export function completionLength(page) {
  return completionTokens(page).count();
}

/**
 * Does something that makes the page ask, and waits for the answer.
 * @param {Page} page
 * @param {string} path
 * @param {() => Promise<unknown>} act
 */
export async function answerBy(page, path, act) {
  const asked = new Set();
  const note = (/** @type {Request} */ request) => void asked.add(request);
  page.on("request", note);
  // An answer to what was asked before is none to this.
  const mine = (/** @type {Response} */ one) => isAnswer(one, path) && asked.has(one.request());
  const [response] = await Promise.all([page.waitForResponse(mine, { timeout: 60_000 }), act()]).finally(() => page.off("request", note));
  if (response.status() !== 200) fail(`${path} answered ${response.status()}: ${await response.text()}`);
  return response;
}

/** Lets the page draw what it has just heard. @param {Page} page */
async function drawn(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/**
 * Does something that makes the page step.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<StepResponse>}
 */
export async function stepBy(page, act) {
  const answer = await (await answerBy(page, "/api/step", act)).json();
  await drawn(page);
  return answer;
}

/**
 * Does something that makes the page preview.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<PreviewResponse>}
 */
export async function previewBy(page, act) {
  const answer = await (await answerBy(page, "/api/preview", act)).json();
  await drawn(page);
  return answer;
}

/** Steps, and waits for the next position. @param {Page} page @param {number} [times] */
export async function step(page, times = 1) {
  for (let steps = 0; steps < times; steps += 1) {
    await stepBy(page, () => button(page, "Step").click());
    await settle(page);
  }
}

/**
 * Waits until the completion has this many tokens.
 * @param {Page} page
 * @param {number} count
 * @param {string} after
 */
export async function expectLength(page, count, after) {
  await expect(completionTokens(page), `${after}, the completion should show ${count} tokens`).toHaveCount(count, { timeout: 10_000 });
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
 * What the page asks for while something is done, and a little after: for what it must not ask for.
 * @param {Page} page
 * @param {string} path
 * @param {() => Promise<unknown>} act
 * @param {number} [after] in milliseconds
 */
export async function requestsDuring(page, path, act, after = 400) {
  return listen(page, path, async () => {
    await act();
    await page.waitForTimeout(after);
  });
}

/**
 * What the page asks for because of what is done: one request at least, and those that follow it closely.
 * @param {Page} page
 * @param {string} path
 * @param {() => Promise<unknown>} act
 */
export async function requestsBy(page, path, act) {
  return listen(page, path, async (seen) => {
    await act();
    await expect.poll(() => seen.length, `requests of ${path}`).toBeGreaterThan(0);
    for (let known = 0; known < seen.length; await page.waitForTimeout(400)) known = seen.length;
  });
}

/**
 * @param {Page} page
 * @param {string} path
 * @param {(seen: { body: any, at: number }[]) => Promise<unknown>} act
 */
async function listen(page, path, act) {
  const seen = /** @type {{ body: any, at: number }[]} */ ([]);
  const note = (/** @type {Request} */ request) => {
    if (new URL(request.url()).pathname === path) seen.push({ body: request.postDataJSON(), at: Date.now() });
  };
  page.on("request", note);
  await act(seen);
  page.off("request", note);
  return seen;
}

/**
 * The last preview that is asked for because of what is done.
 * @param {Page} page
 * @param {() => Promise<unknown>} act
 * @returns {Promise<PreviewRequest>}
 */
export async function previewAskedBy(page, act) {
  return (await requestsBy(page, "/api/preview", act)).at(-1)?.body;
}

/** What is kept under a name. @param {Page} page @param {string} key */
export function stored(page, key) {
  return page.evaluate((name) => localStorage.getItem(name), key);
}
