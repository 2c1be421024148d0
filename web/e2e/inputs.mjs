// Inputs: what their cards show, what typing does, and what a copy takes along.

import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { blur, button, clearCompletion, completionLength, expectLength, expectSoon, forceText, openCard, previewAskedBy, previewBy, requestsDuring, settle, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

const TOPICS = ["A capital", "A database query", "A haiku", "Who is she?", "A story goes on", "Entropy for a child", "Three languages", "Fibonacci in a loop", "More primes", "For and against", "Five words", "Pirate and astronaut"];

/** @param {Visit} visit */
export async function inputCards({ page }) {
  await check("B28 B29 B31", "one input at first, with its name, its length and its tools", () => firstInput(page));
  await check("B35", "system and user message have areas that can be made higher", () => areas(page));
  await check("B36 B72", "typing waits a moment, removes the completion and keeps the caret", () => typing(page));
  await check("B33", "a fork takes text, system message, tokens and parameters along", () => forkTakesAll(page));
  await check("B32 B34", "a new input is empty with the usual system message, Clear leaves it so", () => newAndClear(page));
  await check("B29 B30 B76", "another input is chosen by a press, which stops Play and changes nothing in it", () => choose(page));
  await check("B38", "the library has the twelve topics and more", () => topics(page));
  await check("B75", "a fork of a finished text says how to go on, and can", () => forkFinished(page));
  await check("B62 B79", "new input and fork stop Play, and no step comes after", () => stopPlay(page));
}

/** @param {Page} page */
const prompt = (page) => page.locator("#prompt-text");

/** @param {Page} page */
async function firstInput(page) {
  assert((await prompt(page).inputValue()) === "The capital of France is", "the first text should be the capital of France.");
  assert((await page.locator(".input-cards > *").count()) === 1, "there should be one input.");
  await forceText(page, " Paris is");
  const count = await page.locator(".pills .token").count();
  const head = await page.locator(".input-head").innerText();
  assert(head.startsWith("Input 1") && head.includes(`· ${count} tokens`), `the head should name the input and its ${count} tokens: ${head}`);
  const labels = await page.locator(".input .tools button").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label")));
  assert(labels.includes("Prompt library") && labels.includes("Fork"), "library and fork should be there.");
}

/** @param {Page} page */
async function areas(page) {
  assert((await page.getByLabel("System message").inputValue()) === "You are a helpful assistant.", "the usual system message should be there.");
  assert(await page.getByLabel("User message").isVisible(), "the prompt should be the user's message.");
  for (const id of ["#system-text", "#prompt-text"]) assert((await page.locator(id).evaluate((one) => getComputedStyle(one).resize)) === "vertical", `${id} should be resizable.`);
  const { use_chat_template } = await previewAskedBy(page, () => page.getByText("Use chat template").click());
  assert(use_chat_template === false && (await page.getByLabel("System message").count()) === 0 && (await page.getByLabel("Text", { exact: true }).isVisible()), "without the template there should be one area.");
  await previewAskedBy(page, () => page.getByText("Use chat template").click());
}

/** @param {Page} page */
async function typing(page) {
  assert((await completionLength(page)) > 0, "there should be a completion.");
  await prompt(page).focus();
  await page.evaluate(() => /** @type {HTMLTextAreaElement} */ (document.activeElement).setSelectionRange(3, 3));
  const before = Date.now();
  const asked = await requestsDuring(page, "/api/preview", () => page.keyboard.type(" old", { delay: 15 }), 700);
  assert((asked[0]?.at ?? 0) - before >= 220 && asked.at(-1)?.body.prompt === "The old capital of France is", "a preview should wait for the end of typing.");
  assert(asked.at(-1)?.body.completion_ids.length === 0 && (await completionLength(page)) === 0, "a completion belongs to its text.");
  const caret = await page.evaluate(() => { const area = /** @type {HTMLTextAreaElement} */ (document.activeElement); return `${area.id} ${area.selectionStart} ${area.selectionEnd}`; });
  assert(caret === "prompt-text 7 7", `the caret should stay behind what was typed, and is at ${caret}.`);
  await forceText(page, " Paris");
  await page.locator("#system-text").fill("Be brief.");
  await expectLength(page, 0, "After typing a system message");
  await page.waitForTimeout(300);
}

/** @param {Page} page */
async function forkTakesAll(page) {
  await openCard(page, "Generation parameters");
  await previewAskedBy(page, () => button(page, "Reliable").click());
  await forceText(page, " Paris is nice");
  const before = await previewAskedBy(page, () => page.locator("#knob-seed").fill("5"));
  const after = await previewAskedBy(page, () => button(page, "Fork").click());
  const same = /** @type {const} */ (["prompt", "system_prompt", "completion_ids", "params", "use_chat_template"]);
  for (const field of same) assert(JSON.stringify(before[field]) === JSON.stringify(after[field]), `a fork should have the same ${field}.`);
  assert((await page.locator(".input-cards > *:last-child").getAttribute("aria-label")) === "Input 2", "the fork should be the last and the active one.");
  await page.locator('.pills [data-index="1"]').hover();
  await page.locator("#history", { hasText: "Forced as text" }).waitFor();
  await page.mouse.move(2, 2);
  await page.locator("#history").waitFor({ state: "detached" });
}

/** @param {Page} page */
async function newAndClear(page) {
  const asked = await previewAskedBy(page, () => button(page, "New input").click());
  assert(asked.prompt === "" && asked.system_prompt === "You are a helpful assistant." && asked.completion_ids?.length === 0, "a new input should be empty.");
  assert(asked.params?.seed === 5, "a new input should have the latest parameters.");
  assert((await page.locator(".input").getAttribute("aria-label")) === "Input 3", "the new input should be active.");
  await page.locator("#system-text").fill("Rhyme.");
  await prompt(page).fill("The sea");
  await page.waitForTimeout(400);
  await forceText(page, " is");
  const cleared = await previewAskedBy(page, () => button(page, "Clear").click());
  assert(cleared.prompt === "" && cleared.completion_ids?.length === 0 && cleared.system_prompt === "Rhyme." && cleared.params?.seed === 5, "Clear should leave the system message and the parameters.");
}

/** @param {Page} page */
async function choose(page) {
  const first = page.locator(".waiting").first();
  const { border, other } = await page.evaluate(() => ({
    border: getComputedStyle(/** @type {Element} */ (document.querySelector(".input"))).borderColor,
    other: getComputedStyle(/** @type {Element} */ (document.querySelector(".waiting"))).borderColor,
  }));
  assert(border !== other, "the active card should have a border of its own.");
  assert((await page.locator(".waiting .token").count()) === 0, "cards that wait should have no tokens to press.");
  await prompt(page).fill("One, two,");
  await page.waitForTimeout(400);
  await stepBy(page, () => button(page, "Play").click());
  const asked = await previewAskedBy(page, () => first.click());
  assert(asked.prompt === "The old capital of France is" && (asked.completion_ids?.length ?? 0) > 0, "the chosen input should be asked about, whole.");
  await button(page, "Play").waitFor();
  assert((await prompt(page).inputValue()) === asked.prompt && (await button(page, "Reliable").getAttribute("aria-pressed")) === "false", "text and parameters should be the chosen input's.");
  const length = await completionLength(page);
  await page.waitForTimeout(900);
  assert((await completionLength(page)) === length, "nothing should be stepped in the chosen input.");
}

/** @param {Page} page */
async function topics(page) {
  await button(page, "Prompt library").click();
  const titles = await page.locator(".shelf").first().locator(".prompt-title").allInnerTexts();
  assert(titles.join() === TOPICS.join(), `the first shelf should have the twelve topics and has ${titles}.`);
  assert((await page.locator(".prompt-card").count()) > 20, "there should be more prompts, by purpose.");
  const asked = await previewAskedBy(page, () => page.getByRole("button", { name: /^A database query/ }).click());
  assert(/SQL/.test(asked.prompt ?? "") && asked.completion_ids?.length === 0, "a prompt should take the place of text and completion.");
  await page.locator(".library").waitFor({ state: "detached" });
}

/** @param {Page} page */
async function forkFinished(page) {
  const { done } = await forceText(page, "Yes.<|im_end|>");
  assert(done, "the end token should finish the text.");
  await button(page, "Fork").click();
  await page.locator(".message", { hasText: "Delete its last token to go on" }).waitFor();
  await previewBy(page, () => button(page, "Delete last token").click());
  const length = await completionLength(page);
  await stepBy(page, () => button(page, "Step").click());
  await expectLength(page, length + 1, "After a step behind the fork");
  await settle(page);
  await clearCompletion(page);
}

/** @param {Page} page */
async function stopPlay(page) {
  for (const name of ["Fork", "New input"]) {
    await prompt(page).fill("One, two, three,");
    await page.waitForTimeout(400);
    await blur(page);
    await stepBy(page, () => button(page, "Play").click());
    await button(page, "Pause").waitFor();
    await button(page, name).click();
    await button(page, "Play").waitFor();
    const steps = await requestsDuring(page, "/api/step", async () => {}, 1000);
    assert(steps.length === 0, `after ${name} no step should be asked for.`);
    await expectSoon(page, () => button(page, "Pause").count(), 0, "The number of Pause buttons");
  }
}
