// Inputs: what their cards show, what typing does, and what a copy takes along.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, completionLength, expectLength, forceText, openCard, previewAskedBy, previewBy, requestsBy, requestsDuring, stepBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const TOPICS = ["A capital", "A database query", "A haiku", "Who is she?", "A story goes on", "Entropy for a child", "Three languages", "Fibonacci in a loop", "More primes", "For and against", "Five words", "Pirate and astronaut"];
const FIRST = "The capital of France is";

/** @param {Page} page */
const prompt = (page) => page.locator("#prompt-text");

check("B28 B29 B31", "one input at first, with its name, its length and its tools", async ({ page }) => {
  await expect(prompt(page)).toHaveValue(FIRST);
  await expect(page.locator(".input-cards > *")).toHaveCount(1);
  await forceText(page, " Paris is");
  const count = await page.locator(".stack-rows .token").count();
  const head = page.locator(".input-head");
  await expect(head).toContainText(/^\s*Input 1/);
  await expect(head).toContainText(`· ${count} tokens`);
  const labels = await page.locator(".input .tools button").evaluateAll((all) => all.map((one) => one.getAttribute("aria-label") ?? one.textContent));
  for (const label of ["Examples", "Fork"]) expect(labels).toContain(label);
});

check("B35", "system and user message have areas that can be made higher", async ({ page }) => {
  await expect(page.getByLabel("System message")).toHaveValue("You are a helpful assistant.");
  await expect(page.getByLabel("User message")).toBeVisible();
  for (const id of ["#system-text", "#prompt-text"]) await expect(page.locator(id)).toHaveCSS("resize", "vertical");
  const { use_chat_template } = await previewAskedBy(page, () => page.getByText("Use chat template").click());
  expect(use_chat_template).toBe(false);
  await expect(page.getByLabel("System message"), "without the template there should be one area").toHaveCount(0);
  await expect(page.getByLabel("Text", { exact: true })).toBeVisible();
});

check("B36 B72", "typing waits a moment, removes the completion and keeps the caret", async ({ page }) => {
  await forceText(page, " Paris is");
  await prompt(page).focus();
  await page.evaluate(() => /** @type {HTMLTextAreaElement} */ (document.activeElement).setSelectionRange(3, 3));
  const before = Date.now();
  const asked = await requestsBy(page, "/api/preview", () => page.keyboard.type(" old", { delay: 15 }));
  assert((asked[0]?.at ?? 0) - before >= 220, "a preview should wait for the end of typing.");
  expect(asked.at(-1)?.body).toMatchObject({ prompt: "The old capital of France is", completion_ids: [] });
  await expectLength(page, 0, "After typing, since a completion belongs to its text");
  const caret = await page.evaluate(() => { const area = /** @type {HTMLTextAreaElement} */ (document.activeElement); return [area.id, area.selectionStart, area.selectionEnd]; });
  expect(caret, "the caret should stay behind what was typed").toEqual(["prompt-text", 7, 7]);
  await forceText(page, " Paris");
  await page.locator("#system-text").fill("Be brief.");
  await expectLength(page, 0, "After typing a system message");
});

check("B33", "a fork takes text, system message, tokens and parameters along", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewAskedBy(page, () => button(page, "Reliable").click());
  await previewAskedBy(page, () => page.locator("#system-text").fill("Be brief."));
  await forceText(page, " Paris is nice");
  const before = await previewAskedBy(page, () => page.locator("#knob-seed").fill("5"));
  const after = await previewAskedBy(page, () => button(page, "Fork").click());
  for (const field of /** @type {const} */ (["prompt", "system_prompt", "completion_ids", "params", "use_chat_template"])) expect(after[field], `the ${field} of a fork`).toEqual(before[field]);
  await expect(page.locator(".input-cards > *:last-child"), "the fork should be the last and the active one").toHaveAttribute("aria-label", "Input 2");
  await page.locator('.stack-rows [data-index="1"]').hover();
  await expect(page.locator("#history")).toContainText("Forced as text");
});

check("B32 B34", "a new input is empty with the usual system message, Clear leaves it so", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewAskedBy(page, () => page.locator("#knob-seed").fill("5"));
  const asked = await previewAskedBy(page, () => button(page, "New input").click());
  expect(asked, "a new input should be empty, with the latest parameters").toMatchObject({ prompt: "", system_prompt: "You are a helpful assistant.", completion_ids: [], params: { seed: 5 } });
  await expect(page.locator(".input"), "the new input should be active").toHaveAttribute("aria-label", "Input 2");
  await previewAskedBy(page, async () => {
    await page.locator("#system-text").fill("Rhyme.");
    await prompt(page).fill("The sea");
  });
  await forceText(page, " is");
  const cleared = await previewAskedBy(page, () => button(page, "Clear").click());
  expect(cleared, "Clear should leave the system message and the parameters").toMatchObject({ prompt: "", completion_ids: [], system_prompt: "Rhyme.", params: { seed: 5 } });
});

check("B29 B30 B76", "another input is chosen by a press, which stops Play and changes nothing in it", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await forceText(page, " Paris");
  await previewAskedBy(page, () => button(page, "New input").click());
  await previewAskedBy(page, () => button(page, "Reliable").click());
  const { border, other } = await page.evaluate(() => ({
    border: getComputedStyle(/** @type {Element} */ (document.querySelector(".input"))).borderColor,
    other: getComputedStyle(/** @type {Element} */ (document.querySelector(".waiting"))).borderColor,
  }));
  assert(border !== other, "the active card should have a border of its own.");
  await expect(page.locator(".waiting .token"), "cards that wait should have no tokens to press").toHaveCount(0);
  await previewAskedBy(page, () => prompt(page).fill("One, two,"));
  await stepBy(page, () => button(page, "Play").click());
  const asked = await previewAskedBy(page, () => page.locator(".waiting").first().click());
  expect(asked.prompt, "the chosen input should be asked about, whole").toBe(FIRST);
  assert((asked.completion_ids?.length ?? 0) > 0, "with its completion.");
  await button(page, "Play").waitFor();
  await expect(prompt(page)).toHaveValue(FIRST);
  await expect(button(page, "Reliable"), "text and parameters should be the chosen input's").toHaveAttribute("aria-pressed", "false");
  const length = await completionLength(page);
  const steps = await requestsDuring(page, "/api/step", async () => {}, 900);
  expect(steps.length, "nothing should be stepped in the chosen input").toBe(0);
  await expectLength(page, length, "After another input was chosen");
});

check("B38", "the library has the twelve topics and more", async ({ page }) => {
  await forceText(page, " Paris");
  await button(page, "Examples").click();
  await expect(page.locator(".shelf").first().locator(".prompt-title")).toHaveText(TOPICS);
  assert((await page.locator(".prompt-card").count()) > 20, "there should be more prompts, by purpose.");
  const asked = await previewAskedBy(page, () => page.getByRole("button", { name: /^A database query/ }).click());
  expect(asked.prompt).toMatch(/SQL/);
  expect(asked.completion_ids, "a prompt should take the place of text and completion").toEqual([]);
  await page.locator(".library").waitFor({ state: "detached" });
});

check("B75", "a fork of a finished text says how to go on, and can", async ({ page }) => {
  const { done } = await forceText(page, "Yes.<|im_end|>");
  assert(done, "the end token should finish the text.");
  await button(page, "Fork").click();
  await page.locator(".message", { hasText: "Delete its last token to go on" }).waitFor();
  await previewBy(page, () => button(page, "Delete last token").click());
  const length = await completionLength(page);
  await stepBy(page, () => button(page, "Step").click());
  await expectLength(page, length + 1, "After a step behind the fork");
});

check("B62 B79", "new input and fork stop Play, and no step comes after", async ({ page }) => {
  for (const name of ["Fork", "New input"]) {
    await previewAskedBy(page, () => prompt(page).fill(`One, two, three, ${name}`));
    await blur(page);
    await stepBy(page, () => button(page, "Play").click());
    await button(page, "Pause").waitFor();
    await button(page, name).click();
    await button(page, "Play").waitFor();
    const steps = await requestsDuring(page, "/api/step", async () => {}, 1000);
    expect(steps.length, `after ${name} no step should be asked for`).toBe(0);
    await expect(button(page, "Pause")).toHaveCount(0);
  }
});

check("B38", "the library keeps the focus, closes three ways, and can be undone", async ({ page }) => {
  const dialog = page.getByRole("dialog", { name: "Prompt library" });
  await button(page, "Examples").click();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press("Tab");
    const outside = await page.evaluate(() => document.activeElement !== document.body && !document.activeElement?.closest("dialog"));
    assert(!outside, "the focus should stay inside the library.");
  }
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await button(page, "Examples").click();
  await page.mouse.click(8, 8);
  await dialog.waitFor({ state: "detached" });
  await button(page, "Examples").click();
  await previewBy(page, () => dialog.getByRole("button", { name: /^A haiku/ }).click());
  await dialog.waitFor({ state: "detached" });
  await expect(prompt(page), "a prompt of the library should take the place of the text").toHaveValue(/haiku/);
  await button(page, "Undo").click();
  await expect(prompt(page), "undo should bring the text back").toHaveValue(FIRST);
});

check("B34", "Clear empties the text, leaves the system message, and can be undone", async ({ page }) => {
  await forceText(page, " Paris");
  await button(page, "Clear").click();
  await expect(prompt(page)).toHaveValue("");
  await expect(page.locator("#system-text")).not.toHaveValue("");
  await expectLength(page, 0, "After Clear");
  await button(page, "Undo").click();
  await expect(prompt(page)).toHaveValue(FIRST);
});
