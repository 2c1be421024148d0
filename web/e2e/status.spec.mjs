// The state of the server, errors in full, what is kept in the storage, and keys.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, completionLength, expectLength, forceText, openCard, previewBy, requestsDuring, step, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

check("B70", "the server's pill and the message say how things are", async ({ page }) => {
  await expect(page.locator(".header .pill").first()).toHaveText("Server OK");
  await expect(page.locator(".message")).toHaveText("Ready");
});

check("B69", "a ready server is left alone for seconds, one that is gone is asked again and again", async ({ page, allow }) => {
  // Chromium tells of every refused connection.
  allow(/ERR_CONNECTION_REFUSED/);
  const calm = await requestsDuring(page, "/api/model/status", async () => {}, 2500);
  assert(calm.length <= 1, `a ready server should be asked every five seconds, and was asked ${calm.length} times in two and a half.`);
  await page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await button(page, "Step").click();
  await page.getByText("Server error", { exact: true }).waitFor();
  await page.getByText("ERROR", { exact: true }).waitFor();
  let asked = 0;
  page.on("request", (request) => void (asked += Number(request.url().endsWith("/api/model/status"))));
  await expect.poll(() => asked, { message: "how often a server that is gone is asked", timeout: 8_000 }).toBeGreaterThanOrEqual(3);
  await page.unroute("**/api/**");
  await page.getByText("Server OK", { exact: true }).waitFor({ timeout: 15_000 });
  await page.locator(".row-item").first().waitFor();
});

check("B28 B69 B70", "a server that goes away costs nothing, and the page goes on by itself", async ({ page, allow }) => {
  allow(/ERR_CONNECTION_REFUSED/);
  await step(page, 3);
  const pills = page.locator(".stack-rows");
  const text = await pills.innerText();
  await page.route("**/api/**", (route) => route.abort("connectionrefused"));
  await button(page, "Step").click();
  await page.getByText("Server error", { exact: true }).waitFor();
  const banner = page.locator(".banner");
  await expect(banner).toContainText("does not answer");
  await expect(banner.getByRole("button", { name: "Copy the error" })).toHaveCount(1);
  expect(await pills.innerText(), "what was generated should stay").toBe(text);
  await page.unroute("**/api/**");
  await page.getByText("Server OK", { exact: true }).waitFor({ timeout: 15_000 });
  await page.waitForTimeout(1000);
  expect(await pills.innerText(), "the completion should still be there").toBe(text);
  const length = await completionLength(page);
  await stepBy(page, () => button(page, "Step").click());
  await expectLength(page, length + 1, "After the server came back");
  await expect(banner, "the error should be gone with its cause").toHaveCount(0);
});

check("B70 B81", "errors are there in full, to be read and copied", async ({ page, allow }) => {
  allow(/status of 400/);
  const detail = `No such thing: ${"a long explanation ".repeat(30)}end.`;
  await page.route("**/api/step", (route) => route.fulfill({ status: 400, contentType: "application/json", body: JSON.stringify({ detail, code: "made_up", hint: "Do something else." }) }));
  await button(page, "Step").click();
  const banner = page.locator(".banner");
  await banner.waitFor();
  const text = await banner.innerText();
  assert(text.includes(detail) && text.includes("Do something else."), "an error should be there in full, with its hint.");
  await expect(banner.getByRole("button", { name: "Copy the error" })).toHaveCount(1);
  await button(page, "Dismiss").click();
  await banner.waitFor({ state: "detached" });
});

check("B71", "settings are kept under the names that they always had", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Creative").click());
  const { params, preset } = JSON.parse((await stored(page, "llmDemo.params")) ?? "{}");
  expect(preset).toBe("creative");
  expect(Object.keys(params).sort(), "the parameters should be kept in their old form").toEqual(["frequency_penalty", "greedy", "presence_penalty", "repetition_penalty", "seed", "stop_sequences", "temperature", "top_p"]);
  await store(page, { params: JSON.stringify({ params: { temperature: 0.3, greedy: false }, preset: "greedy" }), stepSpeedMs: "1200", topK: "4", attrMethod: "attention", decodingCollapsed: "0", attrCollapsed: "0", constraintType: "regex", constraintSchema: "a+b" });
  const other = await anotherVisit(page);
  await expect(other.locator(".rows .row-item")).toHaveCount(4);
  await button(other, "New input").click();
  await expect(button(other, "Generation parameters"), "open cards should come back").toHaveAttribute("aria-expanded", "true");
  await expect(other.locator("#attribution-method")).toHaveValue("attention");
  await openCard(other, "Step speed");
  await expect(other.locator("output[for=step-speed]")).toHaveText("1200 ms");
  await openCard(other, "Constrained sampling");
  await expect(other.locator("#constraint-text")).toHaveValue("a+b");
});

check("B71", "what cannot be read counts as absent, and a storage that refuses costs nothing", async ({ page, blank }) => {
  await store(page, { params: "{no json", topK: "many", stepSpeedMs: "", llmEnabled: "maybe", attrMethod: "no such", decodingCollapsed: "yes", constraintType: "no such" });
  const other = await anotherVisit(page);
  await expect(other.locator(".rows .row-item")).toHaveCount(10);
  await expect(button(other, "Generation parameters"), "the card should be open as at first").toHaveAttribute("aria-expanded", "true");
  await expect(other.locator(".card", { hasText: "Step speed" }), "the speed should be the usual one").toContainText("650 ms");
  await blank.addInitScript(() => {
    Storage.prototype.getItem = Storage.prototype.setItem = () => {
      throw new DOMException("forbidden", "SecurityError");
    };
  });
  await blank.goto("/");
  await blank.locator(".row-item").first().waitFor();
  // Nobody can know that the tour was seen.
  await button(blank, "End the tour").click();
  await stepBy(blank, () => button(blank, "Step").click());
  await expectLength(blank, 1, "After a step without a storage");
});

check("B73", "Escape closes, Enter submits, and the other keys are in the help", async ({ page }) => {
  await button(page, "Examples").click();
  await page.locator(".library").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".library").waitFor({ state: "detached" });
  const { appended } = await forceText(page, " sea");
  const field = page.getByLabel("Text to force");
  await field.focus();
  const steps = await requestsDuring(page, "/api/step", async () => {
    await page.keyboard.press("ArrowRight");
    await page.keyboard.press("b");
  }, 300);
  expect(steps.length, "in a text, keys are letters").toBe(0);
  await expectLength(page, appended.length, "After keys in a text");
  await expect(page.locator(".waiting")).toHaveCount(0);
  await expect(field).toHaveValue("b");
  await blur(page);
  await page.keyboard.press("?");
  const help = page.locator(".help-dialog");
  for (const label of ["→", "←", "Space", "Esc", "1 … 9"]) await expect(help).toContainText(label);
  await page.keyboard.press("Escape");
  await help.waitFor({ state: "detached" });
});

/** @param {Page} page @param {Record<string, string>} values by name, without "llmDemo." */
function store(page, values) {
  return page.evaluate((all) => {
    for (const [key, value] of Object.entries(all)) localStorage.setItem(`llmDemo.${key}`, value);
  }, values);
}

/** With the same storage, and without what this visit has in its session. @param {Page} page */
async function anotherVisit(page) {
  const other = await page.context().newPage();
  await other.goto(page.url());
  await other.locator(".row-item").first().waitFor();
  return other;
}
