// The candidates: how many, what a row shows, how one is forced.

import { assert } from "./browser.mjs";
import { check } from "./checks.mjs";
import { button, clearCompletion, completionLength, expectLength, expectSoon, forceText, openCard, previewAskedBy, previewBy, requestsDuring, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */
/** @import { Visit } from "./behaviour.mjs" */

/** @param {Visit} visit */
export async function candidates({ page }) {
  await check("B49", "1 to 50 rows, ten at first, corrected, kept and asked for at once", () => count(page));
  await check("B50 B51", "a legend, and rows with both bars and both numbers", () => rows(page));
  await check("B52 B53", "cut rows are marked and can be forced, the chosen row is outlined", () => cutRows(page));
  await check("B52", "greedy marks the row that it will take", () => greedy(page));
  await check("B54", "Other stands for the rest and cannot be pressed", () => other(page));
  await check("B56", "any text is forced by Enter or the button, a space too", () => forceBar(page));
  await check("B53 B63", "nothing is forced behind the end", () => behindTheEnd(page));
  await check("B55", "without a distribution the column says so", () => empty(page));
}

/** @param {Page} page */
async function count(page) {
  const field = page.locator("#top-k");
  assert((await field.evaluate((one) => ["min", "max", "step", "value"].map((name) => name === "value" ? /** @type {HTMLInputElement} */ (one).value : one.getAttribute(name)).join())) === "1,50,1,10", "rows should go from 1 to 50 and begin with 10.");
  assert((await page.locator(".rows .row-item").count()) === 10, "ten rows should be shown.");
  for (const [typed, used] of [["99", 50], ["0", 1], ["7", 7]]) {
    const asked = await previewAskedBy(page, async () => { await field.fill(String(typed)); await field.press("Enter"); });
    assert(asked.top_k === used && (await field.inputValue()) === String(used) && (await stored(page, "llmDemo.topK")) === String(used), `${typed} should become ${used}.`);
    await expectSoon(page, () => page.locator(".rows .row-item").count(), used, "The number of rows");
  }
}

/** @param {Page} page */
async function rows(page) {
  await openCard(page, "Generation parameters");
  const { dist } = await previewBy(page, () => button(page, "Reliable").click());
  assert(dist, "there should be a distribution.");
  await page.waitForTimeout(300);
  const legend = await page.locator(".legend").innerText();
  assert(/raw/.test(legend) && /final/.test(legend) && new RegExp(`top-p keeps ${dist.kept_token_count} token`).test(legend), `the legend should have both bars and ${dist.kept_token_count} kept tokens: ${legend}`);
  const seen = await page.locator(".rows .row-item .row").evaluateAll((all) => all.map((row) => ({
    display: row.querySelector(".row-token")?.textContent,
    final: row.querySelector(".row-final")?.textContent, base: row.querySelector(".row-base")?.textContent,
    bars: [".bar-final", ".bar-raw"].map((bar) => parseFloat(/** @type {HTMLElement} */ (row.querySelector(bar)).style.width)),
  })));
  const number = (/** @type {number} */ p) => (p <= 0 ? "0" : p >= 0.001 ? p.toFixed(3) : p.toExponential(1));
  dist.tokens.forEach((token, index) => {
    const row = seen[index];
    assert(row?.display === token.display && row.final === number(token.p_final) && row.base === number(token.p_base), `row ${index} should be ${token.display} ${number(token.p_final)} ${number(token.p_base)}, and is ${JSON.stringify(row)}.`);
    assert(Math.abs((row.bars[0] ?? 0) - 100 * token.p_final) < 0.1 && Math.abs((row.bars[1] ?? 0) - 100 * token.p_base) < 0.1, `the bars of row ${index} should be as long as its numbers.`);
  });
  const cell = await page.locator(".row-token").first().evaluate((one) => getComputedStyle(one).textOverflow);
  assert(cell === "ellipsis", "a long token should be shortened.");
  const bar = page.locator(".bar-final").first();
  assert(/width/.test(await bar.evaluate((one) => getComputedStyle(one).transitionProperty)), "the bars should move to their new length.");
  await bar.evaluate((one) => one.setAttribute("data-same", "1"));
  await previewBy(page, () => button(page, "Creative").click());
  assert((await page.locator('.bar-final[data-same="1"]').count()) === 1, "a bar should be the same element after a change, or it could not move.");
}

/** @param {Page} page */
async function cutRows(page) {
  await clearCompletion(page);
  await previewBy(page, () => button(page, "Reliable").click());
  const cut = page.locator('.rows .row[data-kept="false"]').first();
  await cut.waitFor();
  const { dim, ink } = await page.evaluate(() => ({
    dim: getComputedStyle(/** @type {Element} */ (document.querySelector('.rows .row[data-kept="false"] .row-token'))).color,
    ink: getComputedStyle(/** @type {Element} */ (document.querySelector('.rows .row[data-kept="true"] .row-token'))).color,
  }));
  assert(dim !== ink && /cut/i.test(await page.locator(".rows").first().innerText()), "what is cut should be dim, and be told in words.");
  await page.route("**/api/preview", async (route) => { await new Promise((wake) => setTimeout(wake, 600)); await route.continue().catch(() => {}); });
  const answer = await stepBy(page, () => cut.click());
  assert(answer.appended_meta[0]?.forced_by === "token", "a cut row should be forced.");
  const chosen = page.locator('.row[data-chosen="true"]');
  await chosen.waitFor();
  assert((await chosen.locator(".row-token").textContent()) === answer.appended[0]?.display, "the forced row should be outlined.");
  await page.unroute("**/api/preview");
  await settle(page);
}

/** @param {Page} page */
async function greedy(page) {
  const { dist } = await previewBy(page, () => button(page, "Greedy").click());
  const best = dist?.tokens.reduce((top, row) => (row.p_final > top.p_final ? row : top));
  const pick = page.locator('.row[data-pick="true"]');
  await pick.waitFor();
  assert((await pick.count()) === 1 && (await pick.locator(".row-token").textContent()) === best?.display && /will be picked/.test(await pick.innerText()), "the likeliest row should be marked, in words.");
  const answer = await stepBy(page, () => button(page, "Step").click());
  assert(answer.appended[0]?.id === best?.id, "greedy should take the marked row.");
  await settle(page);
  await previewBy(page, () => button(page, "Balanced").click());
}

/** @param {Page} page */
async function other(page) {
  const { dist } = await previewBy(page, () => button(page, "Delete last token").click());
  const row = page.locator(".row-other");
  assert((await row.evaluate((one) => one.tagName)) === "LI" && (await row.evaluate((one) => getComputedStyle(one).borderTopStyle)) === "dashed", "Other should be dashed and no button.");
  await expectSoon(page, async () => Number(await row.locator(".row-base").innerText()).toFixed(3), dist?.other_p_base.toFixed(3), "The raw number of Other");
  const steps = await requestsDuring(page, "/api/step", () => row.click());
  assert(steps.length === 0, "a press on Other should do nothing.");
}

/** @param {Page} page */
async function forceBar(page) {
  await clearCompletion(page);
  const field = page.getByLabel("Text to force");
  assert(await button(page, "Force").isDisabled(), "without a text there is nothing to force.");
  await field.fill(" sea");
  const answer = await stepBy(page, () => button(page, "Force").click());
  assert(answer.appended.map((token) => token.text).join("") === " sea", "the button should force the text.");
  await expectSoon(page, () => field.inputValue(), "", "The field of a forced text");
  await settle(page);
  const space = await forceText(page, " ");
  assert(space.appended.map((token) => token.text).join("") === " ", "a space is a token, too.");
}

/** @param {Page} page */
async function behindTheEnd(page) {
  const { done } = await forceText(page, "<|im_end|>");
  assert(done, "the end token should finish the text.");
  const length = await completionLength(page);
  const steps = await requestsDuring(page, "/api/step", () => page.locator(".rows .row").first().click());
  assert(steps.length === 0 && (await completionLength(page)) === length, "behind the end nothing should be forced.");
  await page.locator(".message", { hasText: "Finished: " }).waitFor();
  await previewBy(page, () => button(page, "Delete last token").click());
  await expectLength(page, length - 1, "After Delete last token");
}

/** A page whose first preview does not come. @param {Page} page */
async function empty(page) {
  const other = await page.context().newPage();
  await other.addInitScript(() => localStorage.setItem("tokenscope.tourSeen", "1"));
  await other.route("**/api/model/status", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), ready: false } });
  });
  await other.goto(page.url());
  await other.locator(".distribution .empty", { hasText: "No distribution yet." }).waitFor();
  await other.close();
}
