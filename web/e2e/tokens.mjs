// The two lists of tokens: pills in the card and rows in the stack.

import { assert, openReady } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, clearCompletion, completionLength, expectLength, expectSoon, forceText, openCard, previewBy, stepBy } from "./page.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Visit } from "./behaviour.mjs" */

const LISTS = [".pills", ".stack-rows"];

/** @param {Visit} visit */
export async function tokenLists({ page, url }) {
  await check("B39 B40", "pills and rows have the same tokens in the same kinds, an arrow between", () => sameTokens(page));
  await check("B43", "a new token pops in", () => popIn(page));
  await check("B42", "the last token turns red under the pointer, and a click removes it and stops Play", () => removeLast(page));
  await check("B41", "the prompt's rows fold, the completion's stay", () => fold(page, url));
  await check("B74", "text that looks like HTML is text", () => onlyText(page));
}

/** @param {Page} page */
async function sameTokens(page) {
  assert((await page.locator(".pill-arrow").count()) === 0, "without a completion there should be no arrow.");
  await forceText(page, " Paris, of course");
  assert((await page.locator(".pill-arrow").count()) === 1, "an arrow should stand before the completion.");
  const [pills, rows] = await Promise.all(LISTS.map((list) => page.locator(`${list} .token`).evaluateAll((all) =>
    all.map((one) => `${one.className.match(/token-(prompt|completion|special)/)?.[1]} ${(one.querySelector(".token-text") ?? one).textContent}`))));
  assert(pills?.join() === rows?.join(), `pills and rows should be the same, and are ${pills} and ${rows}.`);
  for (const kind of ["prompt", "completion", "special"]) assert(pills?.some((one) => one.startsWith(kind)), `there should be ${kind} tokens.`);
  const widths = await page.locator(".stack-rows .token").evaluateAll((all) => new Set(all.map((one) => Math.round(one.getBoundingClientRect().width))).size);
  assert(widths === 1, "all rows should be of full width.");
}

/** @param {Page} page */
async function popIn(page) {
  const { name, duration } = await page.locator(".pills .token-last").evaluate((one) => {
    const { animationName, animationDuration } = getComputedStyle(one);
    return { name: animationName, duration: animationDuration };
  });
  assert(name === "pop" && duration === "0.22s", `a new token should pop in within 0.22 s, and has ${name} of ${duration}.`);
}

/** @param {Page} page */
async function removeLast(page) {
  await openCard(page, "Step speed");
  await page.getByRole("slider", { name: "One step every" }).fill("2000");
  for (const list of LISTS) {
    const last = page.locator(`${list} .token-last`);
    await stepBy(page, () => button(page, "Play").click());
    await button(page, "Pause").waitFor();
    const before = await completionLength(page);
    await page.mouse.move(2, 2);
    const calm = await last.evaluate((one) => getComputedStyle(one).color);
    await last.hover();
    await expectSoon(page, async () => (await last.evaluate((one) => getComputedStyle(one).color)) !== calm, true, "Another colour under the pointer");
    assert(/click to remove/.test((await last.getAttribute("title")) ?? ""), "the last token should say what a click does.");
    await previewBy(page, () => last.click());
    await expectLength(page, before - 1, `After a click on the last token of ${list}`);
    await button(page, "Play").waitFor();
    assert((await page.locator("#history").count()) === 0, "the card of a removed token should go.");
  }
  await page.mouse.move(2, 2);
}

/** @param {Page} page @param {string} url */
async function fold(page, url) {
  const toggle = page.locator(".stack-toggle");
  const prompt = await page.locator(".pills .token:not([data-index])").count();
  const completion = await completionLength(page);
  assert((await toggle.innerText()) === `Prompt ×${prompt}`, `the button should count ${prompt} tokens and says ${await toggle.innerText()}.`);
  await toggle.click();
  await expectSoon(page, () => page.locator(".stack-rows .token").count(), completion, "The rows of a folded stack");
  assert((await toggle.evaluate((one) => getComputedStyle(one).borderStyle)) === "dashed", "the button should be dashed.");
  await openReady(page, url);
  await expectSoon(page, () => page.locator(".stack-rows .token").count(), prompt + completion, "The rows after a reload");
  await toggle.click();
  await toggle.click();
  await expectSoon(page, () => page.locator(".stack-rows .token").count(), prompt + completion, "The rows of an unfolded stack");
}

/** @param {Page} page */
async function onlyText(page) {
  const text = '<img src=x onerror="document.title=1"><b>bold</b>';
  await clearCompletion(page);
  await page.locator("#prompt-text").fill(text);
  await page.waitForTimeout(500);
  await forceText(page, text);
  for (const name of ["Text", "Branches", "Flow"]) {
    await page.getByRole("tab", { name }).click();
    await page.waitForTimeout(100);
    assert((await page.locator(".app :is(img, b)").count()) === 0, `in ${name} the text became elements.`);
  }
  const shown = await page.locator(".pills .token[data-index]").evaluateAll((all) => all.map((one) => (one.querySelector(".token-text") ?? one).textContent).join("").replaceAll("␠", " "));
  assert(shown === text, `the tokens should show the text and show ${shown}.`);
  assert((await page.title()) === "Tokenscope", "nothing in a text should run.");
}
