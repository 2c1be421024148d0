// The state of the server, errors in full, what is kept in the storage, and keys.

import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { blur, button, clearCompletion, completionLength, expectSoon, openCard, previewBy, requestsDuring, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

/** @param {Visit} visit */
export async function serverState({ page, url, complaints }) {
  await check("B70", "the server's pill and the message say how things are", () => pill(page));
  await check("B69", "a ready server is left alone for seconds, one that is gone is asked again and again", () => polling(page, complaints));
  await check("B70 B81", "errors are there in full, to be read and copied", () => fullErrors(page, complaints));
  await check("B71", "settings are kept under the names that they always had", () => keys(page));
  await check("B71", "what cannot be read counts as absent, and a storage that refuses costs nothing", () => badStorage(page, url));
  await check("B73", "Escape closes, Enter submits, and the other keys are in the help", () => keyboard(page));
}

/** @param {Page} page */
async function pill(page) {
  assert((await page.locator(".header .pill").first().innerText()) === "Server OK", "the pill should say that the server answers.");
  assert((await page.locator(".message").innerText()) === "Ready", "the message should say that the model is ready.");
}

/** @param {Page} page @param {string[]} complaints */
async function polling(page, complaints) {
  const calm = await requestsDuring(page, "/api/model/status", async () => {}, 2500);
  assert(calm.length <= 1, `a ready server should be asked every five seconds, and was asked ${calm.length} times in two and a half.`);
  await page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await button(page, "Step").click();
  await page.getByText("Server error", { exact: true }).waitFor();
  await page.getByText("ERROR", { exact: true }).waitFor();
  const asked = await requestsDuring(page, "/api/model/status", async () => {}, 4000);
  assert(asked.length >= 3, `a server that is gone should be asked again and again, and was asked ${asked.length} times.`);
  await page.unroute("**/api/**");
  await page.getByText("Server OK", { exact: true }).waitFor({ timeout: 15_000 });
  await page.locator(".row-item").first().waitFor();
  // Chromium tells of every refused connection.
  const refused = complaints.splice(0).filter((one) => !/ERR_CONNECTION_REFUSED/.test(one));
  assert(refused.length === 0, `nothing else should go wrong: ${refused.join("; ")}`);
}

/** @param {Page} page @param {string[]} complaints */
async function fullErrors(page, complaints) {
  const detail = `No such thing: ${"a long explanation ".repeat(30)}end.`;
  await page.route("**/api/step", (route) => route.fulfill({ status: 400, contentType: "application/json", body: JSON.stringify({ detail, code: "made_up", hint: "Do something else." }) }));
  await button(page, "Step").click();
  const banner = page.locator(".banner");
  await banner.waitFor();
  const text = await banner.innerText();
  assert(text.includes(detail) && text.includes("Do something else."), "an error should be there in full, with its hint.");
  assert((await banner.getByRole("button", { name: "Copy the error" }).count()) === 1, "an error should be there to be copied.");
  await page.unroute("**/api/step");
  await button(page, "Dismiss").click();
  await banner.waitFor({ state: "detached" });
  const others = complaints.splice(0).filter((one) => !/status of 400/.test(one));
  assert(others.length === 0, `only the made-up answer should be refused, but: ${others.join("; ")}`);
}

/** @param {Page} page */
async function keys(page) {
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Creative").click());
  const { params, preset } = JSON.parse((await stored(page, "llmDemo.params")) ?? "{}");
  const names = Object.keys(params ?? {}).sort().join();
  assert(preset === "creative" && names === "frequency_penalty,greedy,presence_penalty,repetition_penalty,seed,stop_sequences,temperature,top_p", `the parameters should be kept in their old form, and are ${names}.`);
  await page.evaluate(() => {
    const values = { params: JSON.stringify({ params: { temperature: 0.3, greedy: false }, preset: "greedy" }), stepSpeedMs: "1200", topK: "4", attrMethod: "attention", decodingCollapsed: "0", attrCollapsed: "0", constraintType: "regex", constraintSchema: "a+b" };
    for (const [key, value] of Object.entries(values)) localStorage.setItem(`llmDemo.${key}`, value);
  });
  const other = await fresh(page);
  await other.locator(".row-item").first().waitFor();
  await expectSoon(other, () => other.locator(".rows .row-item").count(), 4, "The number of rows");
  await button(other, "New input").click();
  assert((await button(other, "Greedy").getAttribute("aria-expanded")) === null && (await other.locator("#attribution-method").inputValue()) === "attention", "open cards and the method should come back.");
  await openCard(other, "Step speed");
  assert((await other.locator("output[for=step-speed]").innerText()) === "1200 ms", "the speed should come back.");
  await openCard(other, "Constrained sampling");
  assert((await other.locator("#constraint-text").inputValue()) === "a+b", "the text of the constraint should come back.");
  await other.close();
}

/** Another visit, without what this one has in its session. @param {Page} page */
async function fresh(page) {
  const other = await page.context().newPage();
  await other.goto(page.url());
  return other;
}

/** @param {Page} page @param {string} url */
async function badStorage(page, url) {
  await page.evaluate(() => {
    for (const [key, value] of Object.entries({ params: "{no json", topK: "many", stepSpeedMs: "", llmEnabled: "maybe", attrMethod: "no such", decodingCollapsed: "yes", constraintType: "no such" })) localStorage.setItem(`llmDemo.${key}`, value);
  });
  const other = await fresh(page);
  await other.locator(".row-item").first().waitFor();
  await expectSoon(other, () => other.locator(".rows .row-item").count(), 10, "The number of rows");
  assert((await button(other, "Generation parameters").getAttribute("aria-expanded")) === "false", "the card should be closed as at first.");
  assert(/650 ms/.test(await other.locator(".card", { hasText: "Step speed" }).innerText()), "the speed should be the usual one.");
  await other.close();
  const strict = await page.context().newPage();
  const errors = /** @type {string[]} */ ([]);
  strict.on("pageerror", (error) => errors.push(error.message));
  await strict.addInitScript(() => {
    Storage.prototype.getItem = Storage.prototype.setItem = () => {
      throw new DOMException("forbidden", "SecurityError");
    };
  });
  await strict.goto(url);
  await strict.locator(".row-item").first().waitFor();
  if (await button(strict, "End the tour").isVisible()) await button(strict, "End the tour").click();
  await stepBy(strict, () => button(strict, "Step").click());
  assert(errors.length === 0, `a storage that refuses should cost nothing, but: ${errors.join("; ")}`);
  await strict.close();
}

/** @param {Page} page */
async function keyboard(page) {
  await clearCompletion(page);
  await button(page, "Prompt library").click();
  await page.locator(".library").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".library").waitFor({ state: "detached" });
  await page.getByLabel("Text to force").fill(" sea");
  await stepBy(page, () => page.keyboard.press("Enter"));
  await settle(page);
  const length = await completionLength(page);
  await page.getByLabel("Text to force").focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("b");
  await page.waitForTimeout(300);
  assert((await completionLength(page)) === length && (await page.locator(".waiting").count()) === 0, "in a text, keys are letters.");
  await page.getByLabel("Text to force").fill("");
  await blur(page);
  await page.keyboard.press("?");
  const help = await page.locator(".help-dialog").innerText();
  for (const label of ["→", "←", "Space", "Esc", "1 … 9"]) assert(help.includes(label), `the help should have the key ${label}.`);
  await page.keyboard.press("Escape");
  await page.locator(".help-dialog").waitFor({ state: "detached" });
}
