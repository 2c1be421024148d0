// The model's card: the field, a load, what is known, and what another model changes.

import { fileURLToPath } from "node:url";
import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, completionLength, expectLength, expectSoon, forceText, previewAskedBy, requestsDuring, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

/** Random weights and no chat template. */
const TINY = fileURLToPath(new URL("../../fixtures/tiny/llama", import.meta.url)).replace(/\/$/, "");

/** @param {Visit} visit */
export async function modelCard({ page, url }) {
  const builtin = await field(page).inputValue();
  await check("B8 B10", "the field has a usual name, then a kept one, then that of the model that answers", () => names(page, url, builtin));
  await check("B11", "the card tells what answers, on what, with which end token", () => facts(page, builtin));
  await check("B9 B10", "Load stops Play, says LOADING, keeps the name and asks for a preview", () => load(page, builtin));
  await check("B12", "the template is switched at once, and the completion stays", () => template(page));
  await check("B12 B80", "another model drops completions, and has no switch without a template", () => another(page, builtin));
}

/** @param {Page} page */
const field = (page) => page.getByRole("combobox", { name: "Model id" });

/** @param {Page} page @param {string} url @param {string} builtin */
async function names(page, url, builtin) {
  const other = await page.context().newPage();
  await other.addInitScript(() => localStorage.setItem("tokenscope.tourSeen", "1"));
  let loading = false;
  // The stream knows better than what is made up here.
  await other.route("**/api/events", (route) => route.abort());
  await other.route("**/api/model/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ready: false, model_id: "", loading } });
  });
  const look = async (/** @type {string} */ word) => {
    const pill = other.locator(".model .pill", { hasText: word });
    await pill.waitFor();
    return pill.evaluate((one) => `${getComputedStyle(one).color} ${getComputedStyle(one, "::before").backgroundColor} ${getComputedStyle(one, "::before").animationName}`);
  };
  await other.goto(url);
  const error = await look("ERROR");
  assert((await field(other).inputValue()) === "Qwen/Qwen2.5-0.5B-Instruct", `the usual name should be there, and is ${await field(other).inputValue()}.`);
  await other.evaluate(() => localStorage.setItem("llmDemo.modelId", "some/model"));
  await other.reload();
  await look("ERROR");
  assert((await field(other).inputValue()) === "some/model", "the kept name should be there.");
  loading = true;
  const busy = await look("LOADING");
  await other.unroute("**/api/model/status");
  const green = await look("READY");
  assert(new Set([error, busy, green]).size === 3, "the three states should look different, too.");
  await expectSoon(other, () => field(other).inputValue(), builtin, "The name in the field");
  await other.evaluate(() => localStorage.removeItem("llmDemo.modelId"));
  await other.close();
}

/** @param {Page} page @param {string} builtin */
async function facts(page, builtin) {
  await page.locator(".model .folded summary").click();
  const text = await page.locator(".model-facts").innerText();
  for (const part of [builtin, "cpu / float32", "chat template on", "eos=2"]) assert(text.includes(part), `the card should have ${part}: ${text}`);
}

/** @param {Page} page @param {string} builtin */
async function load(page, builtin) {
  const blank = await requestsDuring(page, "/api/model/load", async () => {
    await field(page).fill("   ");
    await button(page, "Load").click();
  }, 200);
  assert(blank.length === 0 && (await field(page).inputValue()) === builtin, "a blank name should be ignored.");
  await stepBy(page, () => button(page, "Play").click());
  await button(page, "Pause").waitFor();
  await page.route("**/api/model/status", async (route) => {
    await new Promise((wake) => setTimeout(wake, 500));
    // Not if the page has hung up meanwhile.
    await route.continue().catch(() => {});
  });
  const [asked] = await requestsDuring(page, "/api/model/load", () => button(page, "Load").click(), 50);
  assert(asked?.body.model_id === builtin, "Load should ask for the model in the field.");
  await page.getByText("LOADING", { exact: true }).waitFor();
  await button(page, "Play").waitFor();
  await page.unroute("**/api/model/status");
  await page.getByText("READY", { exact: true }).waitFor({ timeout: 30_000 });
  await page.locator(".message", { hasText: "Ready" }).waitFor();
  assert((await stored(page, "llmDemo.modelId")) === builtin, "the name should be kept.");
}

/** @param {Page} page */
async function template(page) {
  await forceText(page, " Paris");
  const before = await completionLength(page);
  const tokens = await page.locator(".stack-rows .token").count();
  const off = await previewAskedBy(page, () => page.getByText("Use chat template").click());
  assert(off.use_chat_template === false && off.completion_ids?.length === before, "the template should be off, the completion the same.");
  assert((await completionLength(page)) === before && (await page.locator(".stack-rows .token").count()) < tokens, "the prompt should have fewer tokens and the completion as many.");
  assert(/chat template off/.test((await page.locator(".model-facts").textContent()) ?? ""), "the card should say that it is off.");
}

/** @param {Page} page @param {string} id */
async function loadModel(page, id) {
  await field(page).fill(id);
  await button(page, "Load").click();
  await page.locator(".model-facts", { hasText: id }).waitFor({ state: "attached", timeout: 60_000 });
  await page.getByText("READY", { exact: true }).waitFor({ timeout: 60_000 });
}

/** @param {Page} page @param {string} builtin */
async function another(page, builtin) {
  assert((await completionLength(page)) > 0, "there should be a completion to drop.");
  try {
    await loadModel(page, TINY);
    // Before anything else: a completion that stays keeps the new model from answering.
    await expectLength(page, 0, "After another model was loaded");
    await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
    await page.locator(".message", { hasText: "Ready" }).waitFor();
    assert((await page.getByText("Use chat template").count()) === 0, "without a template there should be no switch.");
    assert((await page.getByLabel("Text", { exact: true }).isVisible()) && (await page.locator("#system-text").count()) === 0, "without a template there should be one text.");
  } finally {
    await loadModel(page, builtin);
    await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
  }
  assert(await page.getByRole("switch", { name: "Use chat template" }).isChecked(), "a new model should begin with its template.");
  await page.evaluate(() => localStorage.removeItem("llmDemo.modelId"));
}
