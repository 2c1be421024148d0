// Two inputs beside each other: what they would write next, always.

import { check, expect } from "./harness.mjs";
import { button, forceText, openCard, previewBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { PreviewRequest, PreviewResponse } from "../types/wire" */

/** @param {Page} page @param {string} text */
const write = (page, text) => previewBy(page, () => page.getByLabel(/^(User message|Text)$/).fill(text));

/** @param {Page} page @param {string} name */
const open = (page, name) => page.getByRole("tab", { name }).click();

/** What the server answers to questions about many rows, by prompt: the newest counts. @param {Page} page */
function answersOf(page) {
  const answers = new Map(/** @type {[string, PreviewResponse][]} */ ([]));
  page.on("response", async (response) => {
    if (!response.url().endsWith("/api/preview") || !response.ok()) return;
    const { prompt = "", top_k } = /** @type {PreviewRequest} */ (response.request().postDataJSON());
    if (top_k === 50) answers.set(prompt, await response.json());
  });
  return answers;
}

check("C8", "one word differs: both distributions stand beside each other, and one number sums them up", async ({ page }) => {
  const texts = ["The capital of Italy is", "The capital of France is"];
  await write(page, texts[1] ?? "");
  await button(page, "Duplicate").click();
  await write(page, texts[0] ?? "");
  const answers = answersOf(page);
  await open(page, "Branches");
  await expect(page.locator(".pair-prompt mark")).toHaveText(["Italy", "France"]);
  const status = page.locator(".branches-pair [role=status]");
  await expect(status).toContainText("the prompt differs");
  await expect(status).not.toContainText("are the same");
  const table = page.locator(".pair-next table");
  await expect(table.locator("thead th")).toHaveText(["token", "Input 2", "Input 1", "change"]);

  const [italy = new Map(), france = new Map()] = texts.map((text) => new Map([...(answers.get(text)?.dist?.tokens ?? []), ...(answers.get(text)?.dist?.probes ?? [])].map((row) => [row.display, row])));
  const ids = [...new Set([...italy.keys(), ...france.keys()])];
  const final = (/** @type {string} */ display) => [italy, france].map((side) => /** @type {number} */ (side.get(display).p_final));
  const size = (/** @type {string} */ display) => Math.abs((final(display)[0] ?? 0) - (final(display)[1] ?? 0));
  const favourite = ids.reduce((best, one) => (size(one) > size(best) ? one : best));
  const [a = 0, b = 0] = final(favourite);
  const first = table.locator("tbody tr").first();
  await expect(first.locator("th")).toHaveText(favourite);
  await expect(first.locator(".pair-numbers")).toHaveText([a, b].map((p) => new RegExp(`final ${p.toFixed(3).replace("0.000", "0")}`)));
  await expect(first.locator(".pair-change")).toHaveText(`${b < a ? "−" : "+"}${Math.abs(b - a).toFixed(3)}`);
  const moved = ids.reduce((sum, one) => sum + Math.abs((final(one)[0] ?? 0) - (final(one)[1] ?? 0)) / 2, 0);
  expect(Math.abs(parseFloat(await page.locator(".pair-moved strong").innerText()) / 100 - moved)).toBeLessThan(0.01);
});

check("C8", "only a parameter differs: raw stays the same, final follows the slider", async ({ page }) => {
  await button(page, "Duplicate").click();
  await openCard(page, "Generation parameters");
  await open(page, "Branches");
  await expect(page.locator(".branches-pair [role=status]")).toHaveText("Both have the same text and no completion yet.");
  const number = page.locator(".pair-moved strong");
  await expect(number).toHaveText("0 %");
  await page.getByRole("slider", { name: "Temperature" }).fill("1.5");
  await expect(number).not.toHaveText("0 %");
  await expect(page.locator(".pair-moved")).toContainText("Before sampling (raw) it is 0 %.");
  await expect(page.locator(".pair-settings")).toContainText("temperature");
});

check("C8", "with completions both are compared where they part and at their ends", async ({ page }) => {
  await forceText(page, " a");
  await button(page, "Fork").click();
  await forceText(page, " b");
  await open(page, "Branches");
  await expect(page.locator(".pair-rows caption")).toContainText(["What token 2 was picked from", "The next token at the end of both"]);
  await expect(page.locator(".pair-moved strong")).toBeVisible();
});

check("C8", "a constraint counts for both inputs", async ({ page }) => {
  await button(page, "Duplicate").click();
  await openCard(page, "Constrained sampling");
  await page.locator("label", { hasText: "Constrain sampling" }).click();
  const answers = answersOf(page);
  await open(page, "Branches");
  await expect(page.locator(".pair-moved strong")).toHaveText("0 %");
  expect([...answers.values()].map((answer) => answer.dist?.constraint_active)).toEqual([true]);
});
