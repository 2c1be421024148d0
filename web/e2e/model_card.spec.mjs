// The model's card: the field, a load, what is known, and what another model changes.

import { fileURLToPath } from "node:url";
import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, completionLength, expectLength, forceText, previewAskedBy, requestsBy, requestsDuring, step, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** Random weights and no chat template. */
const TINY = fileURLToPath(new URL("../../fixtures/tiny/llama", import.meta.url)).replace(/\/$/, "");

/** @param {Page} page */
const field = (page) => page.getByRole("combobox", { name: "Model id" });

check("B8 B10", "the field has a usual name, then a kept one, then that of the model that answers", async ({ page, blank, allow }) => {
  allow(/ERR_FAILED/);
  const answering = await field(page).inputValue();
  await blank.addInitScript(() => localStorage.setItem("tokenscope.tourSeen", "1"));
  let loading = false;
  // The stream knows better than what is made up here.
  await blank.route("**/api/events", (route) => route.abort());
  await blank.route("**/api/model/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ready: false, model_id: "", loading } });
  });
  const look = async (/** @type {string} */ word) => {
    const pill = blank.locator(".model .pill", { hasText: word });
    await pill.waitFor();
    return pill.evaluate((one) => `${getComputedStyle(one).color} ${getComputedStyle(one, "::before").backgroundColor} ${getComputedStyle(one, "::before").animationName}`);
  };
  await blank.goto("/");
  const error = await look("ERROR");
  await expect(field(blank), "the usual name").toHaveValue("Qwen/Qwen2.5-0.5B-Instruct");
  await blank.evaluate(() => localStorage.setItem("llmDemo.modelId", "some/model"));
  await blank.reload();
  await look("ERROR");
  await expect(field(blank), "the kept name").toHaveValue("some/model");
  loading = true;
  const busy = await look("LOADING");
  await blank.unroute("**/api/model/status");
  const green = await look("READY");
  assert(new Set([error, busy, green]).size === 3, "the three states should look different, too.");
  await expect(field(blank), "the name of the model that answers").toHaveValue(answering);
});

check("B11", "the card tells what answers, on what, with which end token", async ({ page }) => {
  const facts = page.locator(".model-facts");
  await page.locator(".folded", { has: facts }).locator("summary").click();
  for (const part of [await field(page).inputValue(), "cpu / float32", "chat template on", "eos=2"]) await expect(facts).toContainText(part);
});

check.alone("B9 B10", "Load stops Play, says LOADING, keeps the name and asks for a preview", async ({ page }) => {
  const answering = await field(page).inputValue();
  const blank = await requestsDuring(page, "/api/model/load", async () => {
    await field(page).fill("   ");
    await button(page, "Load").click();
  }, 200);
  expect(blank.length, "a blank name should be ignored").toBe(0);
  await expect(field(page)).toHaveValue(answering);
  await stepBy(page, () => button(page, "Play").click());
  await button(page, "Pause").waitFor();
  await page.route("**/api/model/status", async (route) => {
    await new Promise((wake) => setTimeout(wake, 500));
    // Not if the page has hung up meanwhile.
    await route.continue().catch(() => {});
  });
  const loading = page.getByText("LOADING", { exact: true }).waitFor();
  const [asked] = await requestsBy(page, "/api/model/load", () => button(page, "Load").click());
  expect(asked?.body.model_id, "Load should ask for the model in the field").toBe(answering);
  await loading;
  await button(page, "Play").waitFor();
  await page.unroute("**/api/model/status");
  await page.getByText("READY", { exact: true }).waitFor();
  await expect(page.locator(".message")).toContainText("Ready");
  expect(await stored(page, "llmDemo.modelId"), "the name should be kept").toBe(answering);
});

check.alone("B9 B81", "a load that fails says why, and the model goes on", async ({ page }) => {
  const answering = await field(page).inputValue();
  await field(page).fill("/no/such/folder/model.gguf");
  await field(page).press("Enter");
  await page.locator(".note-error summary").click();
  const detail = page.locator(".note-error .error-detail");
  await expect(detail, "the error should name the path in full").toContainText("There is no file or folder /no/such/folder/model.gguf.");
  const cut = await detail.evaluate((one) => one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth);
  assert(!cut, "the error should be readable without scrolling.");
  await expect(field(page), "the field should name the model that answers again").toHaveValue(answering);
  await step(page);
  await expectLength(page, 1, "After a step behind a failed load");
  await button(page, "Load").click();
  await expect(page.locator(".note-error"), "the next load should take the error away").toHaveCount(0);
  await page.getByText("READY", { exact: true }).waitFor({ timeout: 60_000 });
});

check.alone("B9", "a suggestion is chosen and loaded by keyboard", async ({ page }) => {
  await field(page).focus();
  await page.keyboard.press("ArrowDown");
  const here = page.getByRole("group", { name: "On this machine" });
  const builtin = here.getByRole("option").filter({ hasText: "builtin:" });
  await expect(builtin, "the built-in model should be listed once").toHaveCount(1);
  await page.keyboard.press("Escape");
  await expect(here, "Escape should close the suggestions").toHaveCount(0);
  await page.keyboard.press("ArrowDown");
  for (let presses = 1; presses < 50 && (await builtin.getAttribute("aria-selected")) !== "true"; presses += 1)
    await page.keyboard.press("ArrowDown");
  await expect(field(page), "the option that is meant").toHaveAttribute("aria-activedescendant", /.+/);
  expect(await field(page).getAttribute("aria-activedescendant")).toBe(await builtin.getAttribute("id"));
  const [asked] = await requestsBy(page, "/api/model/load", () => page.keyboard.press("Enter"));
  expect(asked?.body.model_id).toMatch(/^builtin:/);
  await page.getByText("READY", { exact: true }).waitFor({ timeout: 60_000 });
  await expect(page.locator(".message")).toContainText("Ready");
  await expect(page.locator(".note-error")).toHaveCount(0);
});

check("B12", "the template is switched at once, and the completion stays", async ({ page }) => {
  await forceText(page, " Paris");
  const before = await completionLength(page);
  const rows = page.locator(".stack-rows .token");
  const tokens = await rows.count();
  const off = await previewAskedBy(page, () => page.getByText("Use chat template").click());
  expect(off.use_chat_template).toBe(false);
  expect(off.completion_ids?.length, "the completion should be the same").toBe(before);
  await expect.poll(() => rows.count(), "the tokens without a template").toBeLessThan(tokens);
  await expectLength(page, before, "Without the template");
  await expect(page.locator(".model-facts")).toContainText("chat template off");
});

check.alone("B12 B80", "another model drops completions, and has no switch without a template", async ({ page }) => {
  const answering = await field(page).inputValue();
  await forceText(page, " Paris");
  await previewAskedBy(page, () => button(page, "New input").click());
  await previewAskedBy(page, () => page.locator("#prompt-text").fill("The sea"));
  await previewAskedBy(page, () => page.getByText("Use chat template").click());
  try {
    await page.locator(".waiting").click();
    await loadModel(page, TINY);
    // Before anything else: a completion that stays keeps the new model from answering.
    await expectLength(page, 0, "After another model was loaded");
    await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
    await expect(page.locator(".message")).toContainText("Ready");
    await expect(page.getByText("Use chat template"), "without a template there should be no switch").toHaveCount(0);
    await expect(page.getByLabel("Text", { exact: true }), "without a template there should be one text").toBeVisible();
    await expect(page.locator("#system-text")).toHaveCount(0);
  } finally {
    await loadModel(page, answering);
    await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
  }
  await page.locator(".waiting").click();
  await expect(page.getByRole("switch", { name: "Use chat template" }), "a new model should begin with its template").toBeChecked();
});

/** @param {Page} page @param {string} id */
async function loadModel(page, id) {
  await field(page).fill(id);
  await button(page, "Load").click();
  await page.locator(".model-facts", { hasText: id }).waitFor({ state: "attached", timeout: 60_000 });
  await page.getByText("READY", { exact: true }).waitFor({ timeout: 60_000 });
}
