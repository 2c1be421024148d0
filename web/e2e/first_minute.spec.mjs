// What a newcomer sees: the model's own example, and the knobs without a search for them.

import { assert, giveExamples } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { previewBy, stepBy, button } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const EXAMPLE = { prompt: "Once upon a time", use_chat_template: false };

/** Every text that the field has had since the page began. @param {Page} page */
const textsOf = (page) => page.evaluate(() => /** @type {{ texts: string[] }} */ (/** @type {unknown} */ (window)).texts);

/** @param {Page} page */
async function noteTexts(page) {
  await page.addInitScript(() => {
    const texts = /** @type {string[]} */ ([]);
    Object.assign(window, { texts });
    const look = () => {
      const text = /** @type {HTMLTextAreaElement | null} */ (document.querySelector("#prompt-text"))?.value;
      if (text !== undefined && text !== texts.at(-1)) texts.push(text);
      requestAnimationFrame(look);
    };
    look();
  });
}

const field = (/** @type {Page} */ page) => page.locator("#prompt-text");

check("C16", "a first visit begins with the model's example, and never shows another text", async ({ blank, baseURL }) => {
  await noteTexts(blank);
  await giveExamples(blank, (id) => (id.startsWith("builtin:") ? EXAMPLE : null));
  await blank.goto(String(baseURL));
  await blank.locator(".row-item").first().waitFor();
  await expect(field(blank)).toHaveValue(EXAMPLE.prompt);
  await expect(blank.getByRole("switch", { name: "Use chat template" })).not.toBeChecked();
  assert((await textsOf(blank)).filter((text) => text !== "").join() === EXAMPLE.prompt, "no other text should have been there.");
  await blank.reload();
  await blank.locator(".row-item").first().waitFor();
  await expect(field(blank)).toHaveValue(EXAMPLE.prompt);
  await button(blank, "End the tour").click();
  await button(blank, "New input").click();
  await expect(field(blank)).toHaveValue("");
});

check("C16", "the first text is the one that the catalog names", async ({ blank, baseURL }) => {
  const answer = blank.waitForResponse("**/api/catalog");
  await blank.goto(String(baseURL));
  const { models } = await (await answer).json();
  const model = await blank.getByRole("combobox", { name: "Model id" }).inputValue();
  await blank.locator(".row-item").first().waitFor();
  const example = models.find((/** @type {{ id: string }} */ { id }) => id === model)?.example ?? { prompt: "The capital of France is", use_chat_template: true };
  await expect(field(blank)).toHaveValue(example.prompt);
  await expect(blank.getByRole("switch", { name: "Use chat template" })).toBeChecked({ checked: example.use_chat_template });
});

check("C16", "a text of one's own stays, also over a reload", async ({ page, baseURL }) => {
  await previewBy(page, () => field(page).fill("The sea is"));
  await expect(page.locator(".stack-rows")).toContainText("sea");
  await page.unroute("**/api/catalog");
  await giveExamples(page, () => EXAMPLE);
  // What was typed is kept a moment later, or when the page goes.
  await page.goto(String(baseURL));
  await page.locator(".row-item").first().waitFor();
  await expect(field(page)).toHaveValue("The sea is");
});

check("C17", "temperature and top-p are in sight without scrolling on a first visit, and stay as they were closed", async ({ blank, baseURL }) => {
  await blank.goto(String(baseURL));
  await blank.locator(".row-item").first().waitFor();
  for (const id of ["knob-temperature", "knob-top_p"]) await expect(blank.locator(`#${id}`)).toBeInViewport({ ratio: 1 });
  await expect(blank.locator(".model-facts")).toBeHidden();
  await button(blank, "Generation parameters").click();
  await expect(blank.locator("#knob-temperature")).toBeHidden();
  await blank.reload();
  await blank.locator(".row-item").first().waitFor();
  await expect(button(blank, "Generation parameters")).toHaveAttribute("aria-expanded", "false");
});

check("C17", "facts about the model are one line, the rest behind it", async ({ page }) => {
  const line = page.locator(".model .folded summary");
  await expect(line).toHaveText(/^\d+ M parameters · .+ · cpu \/ float32$/);
  assert((await line.evaluate((one) => one.getBoundingClientRect().height)) <= 24, "it should be one line.");
  await line.focus();
  await page.keyboard.press("Enter");
  await expect(page.locator(".model-facts")).toContainText("eos=");
});

check("C17", "a failed load is one line with all of it behind, and the knobs stay in sight", async ({ page }) => {
  const name = page.getByRole("combobox", { name: "Model id" });
  await name.fill("/no/such/folder/model.gguf");
  await name.press("Enter");
  const failure = page.locator(".note-error");
  await expect(failure.locator("summary")).toContainText("The last load failed.");
  assert((await failure.evaluate((one) => one.getBoundingClientRect().height)) <= 24, "it should be one line.");
  for (const id of ["knob-temperature", "knob-top_p"]) await expect(page.locator(`#${id}`)).toBeInViewport({ ratio: 1 });
  await failure.locator("summary").click();
  await expect(failure).toContainText("still answers");
  await expect(failure.locator(".error-detail")).toContainText("/no/such/folder/model.gguf");
  await stepBy(page, () => button(page, "Step").click());
});
