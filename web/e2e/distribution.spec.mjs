// The candidates: how many, what a row shows, how one is forced.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, completionLength, expectLength, forceText, openCard, previewAskedBy, previewBy, requestsDuring, settle, step, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

check("B49", "1 to 50 rows, ten at first, corrected, kept and asked for at once", async ({ page }) => {
  const field = page.locator("#top-k");
  const rows = page.locator(".rows:not(.favourites) .row-item");
  for (const [name, value] of /** @type {const} */ ([["min", "1"], ["max", "50"], ["step", "1"]])) await expect(field).toHaveAttribute(name, value);
  await expect(field).toHaveValue("10");
  await expect(rows).toHaveCount(10);
  for (const [typed, used] of /** @type {const} */ ([["99", 50], ["0", 1], ["7", 7]])) {
    const asked = await previewAskedBy(page, async () => { await field.fill(typed); await field.press("Enter"); });
    expect(asked.top_k, `${typed} should become ${used}`).toBe(used);
    await expect(field).toHaveValue(String(used));
    expect(await stored(page, "llmDemo.topK")).toBe(String(used));
    await expect(rows).toHaveCount(used);
  }
});

check("B50 B51", "a legend, and rows with both bars and both numbers", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const { dist } = await previewBy(page, () => button(page, "Reliable").click());
  assert(dist, "there should be a distribution.");
  await page.locator(".distribution .segmented label", { hasText: "linear" }).click();
  const legend = page.locator(".legend");
  for (const part of [/raw/, /final/, new RegExp(`top-p keeps ${dist.kept_token_count} token`)]) await expect(legend).toContainText(part);
  const number = (/** @type {number} */ p) => (p <= 0 ? "0" : p >= 0.001 ? p.toFixed(3) : p.toExponential(1));
  const rows = page.locator(".rows .row-item .row");
  for (const [index, token] of dist.tokens.entries()) {
    const row = rows.nth(index);
    await expect.poll(() => row.locator(".row-token").textContent(), `row ${index}`).toBe(token.display);
    await expect(row.locator(".row-final")).toHaveText(number(token.p_final));
    await expect(row.locator(".row-base")).toHaveText(number(token.p_base));
    for (const [bar, p] of /** @type {const} */ ([[".bar-final", token.p_final], [".bar-raw", token.p_base]])) {
      const width = await row.locator(bar).evaluate((one) => parseFloat(/** @type {HTMLElement} */ (one).style.width));
      assert(Math.abs(width - 100 * p) < 0.1, `the bar ${bar} of row ${index} should be as long as its number.`);
    }
  }
  await expect(page.locator(".row-token").first(), "a long token should be shortened").toHaveCSS("text-overflow", "ellipsis");
  const bar = page.locator(".bar-final").first();
  await expect(bar, "the bars should move to their new length").toHaveCSS("transition-property", /width/);
  await bar.evaluate((one) => one.setAttribute("data-same", "1"));
  await previewBy(page, () => button(page, "Creative").click());
  await expect(page.locator('.bar-final[data-same="1"]'), "a bar should be the same element after a change, or it could not move").toHaveCount(1);
});

check("B51", "the temperature moves p_final and leaves p_base", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const slider = page.getByRole("slider", { name: "Temperature" });
  const before = await previewBy(page, () => slider.fill("0.9"));
  const after = await previewBy(page, () => slider.fill("1.6"));
  assert(before.dist && after.dist, "a preview should carry a distribution.");
  const rows = new Map(before.dist.tokens.map((row) => [row.id, row]));
  const common = after.dist.tokens.filter((row) => rows.has(row.id));
  assert(common.length > 0, "the two temperatures should list common tokens.");
  assert(common.every((row) => row.p_base === rows.get(row.id)?.p_base), "p_base should not depend on the temperature.");
  assert(common.some((row) => row.p_final !== rows.get(row.id)?.p_final), "p_final should depend on the temperature.");
});

check("B53", "a click on a row forces its token", async ({ page }) => {
  const row = page.locator(".row-item .row").nth(2);
  const display = await row.locator(".row-token").textContent();
  const answer = await stepBy(page, () => row.click());
  assert(answer.appended_meta[0]?.forced_by === "token", "a click on a row should force its token.");
  assert(answer.appended[0]?.display === display, `the row ${display} forced ${answer.appended[0]?.display}.`);
  await expectLength(page, 1, "After a click on a row");
});

check("B52 B53", "cut rows are marked and can be forced, the chosen row is outlined", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Reliable").click());
  const cut = page.locator('.rows .row[data-kept="false"]').first();
  await cut.waitFor();
  const { dim, ink } = await page.evaluate(() => ({
    dim: getComputedStyle(/** @type {Element} */ (document.querySelector('.rows .row[data-kept="false"] .row-token'))).color,
    ink: getComputedStyle(/** @type {Element} */ (document.querySelector('.rows .row[data-kept="true"] .row-token'))).color,
  }));
  assert(dim !== ink && /cut/i.test(await page.locator(".rows").first().innerText()), "what is cut should be dim, and be told in words.");
  // Until the next position is known, the row that was taken is on screen.
  const waiting = /** @type {import("@playwright/test").Route[]} */ ([]);
  await page.route("**/api/preview", (route) => void waiting.push(route));
  const answer = await stepBy(page, () => cut.click());
  assert(answer.appended_meta[0]?.forced_by === "token", "a cut row should be forced.");
  const chosen = page.locator('.row[data-chosen="true"]');
  await chosen.waitFor();
  expect(await chosen.locator(".row-token").textContent(), "the forced row should be outlined").toBe(answer.appended[0]?.display);
  await expect.poll(() => waiting.length).toBeGreaterThan(0);
  await page.unroute("**/api/preview");
  for (const route of waiting) await route.continue().catch(() => {});
  await settle(page);
});

check("B52", "greedy marks the row that it will take", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const { dist } = await previewBy(page, () => button(page, "Greedy").click());
  const best = dist?.tokens.reduce((top, row) => (row.p_final > top.p_final ? row : top));
  const pick = page.locator('.row[data-pick="true"]');
  await expect(pick).toHaveCount(1);
  expect(await pick.locator(".row-token").textContent(), "the likeliest row should be marked").toBe(best?.display);
  await expect(pick, "and told in words").toContainText("will be picked");
  const answer = await stepBy(page, () => button(page, "Step").click());
  assert(answer.appended[0]?.id === best?.id, "greedy should take the marked row.");
});

check("B54", "Other stands for the rest and cannot be pressed", async ({ page }) => {
  await step(page);
  const { dist } = await previewBy(page, () => button(page, "Delete last token").click());
  const row = page.locator(".row-other");
  expect(await row.evaluate((one) => one.tagName), "Other should be no button").toBe("LI");
  await expect(row).toHaveCSS("border-top-style", "dashed");
  await expect.poll(async () => Number(await row.locator(".row-base").innerText()).toFixed(3), "the raw number of Other").toBe(dist?.other_p_base.toFixed(3));
  const steps = await requestsDuring(page, "/api/step", () => row.click());
  assert(steps.length === 0, "a press on Other should do nothing.");
});

check("B56", "text can be forced", async ({ page }) => {
  const answer = await forceText(page, " hello there");
  assert(answer.appended.length >= 1, "forcing a text should append its tokens.");
  assert(answer.appended_meta.every((meta) => meta.forced_by === "text"), "forced text should be marked as forced.");
  await expectLength(page, answer.appended.length, "After forcing a text");
  await expect(page.getByLabel("Text to force"), "the field should be empty once its text was taken").toHaveValue("");
});

check("B56", "any text is forced by Enter or the button, a space too", async ({ page }) => {
  const field = page.getByLabel("Text to force");
  await expect(button(page, "Force"), "without a text there is nothing to force").toBeDisabled();
  await field.fill(" sea");
  const answer = await stepBy(page, () => button(page, "Force").click());
  assert(answer.appended.map((token) => token.text).join("") === " sea", "the button should force the text.");
  await expect(field).toHaveValue("");
  await settle(page);
  const space = await forceText(page, " ");
  assert(space.appended.map((token) => token.text).join("") === " ", "a space is a token, too.");
});

check("B53 B63", "nothing is forced behind the end", async ({ page }) => {
  const { done } = await forceText(page, "Yes<|im_end|>");
  assert(done, "the end token should finish the text.");
  const length = await completionLength(page);
  const steps = await requestsDuring(page, "/api/step", () => page.locator(".rows .row").first().click());
  assert(steps.length === 0 && (await completionLength(page)) === length, "behind the end nothing should be forced.");
  await page.locator(".message", { hasText: "Finished: " }).waitFor();
  await previewBy(page, () => button(page, "Delete last token").click());
  await expectLength(page, length - 1, "After Delete last token");
});

check("B55", "without a distribution the column says so", async ({ blank }) => {
  await blank.addInitScript(() => localStorage.setItem("tokenscope.tourSeen", "1"));
  await blank.route("**/api/model/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ready: false } });
  });
  await blank.goto("/");
  await blank.locator(".distribution .empty", { hasText: "No distribution yet." }).waitFor();
});
