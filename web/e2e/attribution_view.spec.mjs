// What the page makes of an attribution: what it leaves out, what it paints on the way, and its words.

import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, forceText, openCard, requestsDuring } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

/** @param {Page} page @param {string} method */
async function choose(page, method) {
  await openCard(page, "Attribution");
  await page.getByRole("combobox", { name: "Where did a token come from?" }).selectOption({ label: method });
}

/** The scores of the tokens before the one that is asked about. @param {Page} page */
const scores = (page) => page.locator(".stack-rows .token[data-score]").evaluateAll((all) => all.map((one) => Number(one.getAttribute("data-score"))));

check("C23", "attention is shown without the first token, whose part is told and can be seen", async ({ page }) => {
  await forceText(page, " Paris, of course");
  await choose(page, "Attention");
  const row = page.locator(".rows .row-item .row").nth(1);
  const [asked] = await requestsDuring(page, "/api/attribution", () => row.hover());
  assert(asked && asked.body.options.mask_sink === undefined, "all of the attention should be asked for.");
  const words = page.locator(".heat-words");
  await expect(words).toContainText(/of what is left without the first token \(\d+(\.\d)? % of all\)/);
  const rest = await scores(page);
  assert(rest[0] === 0 && Math.abs(rest.reduce((sum, score) => sum + score, 0) - 1) < 1e-3, `what is left should add up to 1: ${rest}`);
  await expect(page.locator(".heat-legend")).toContainText(/The first token is left out: it has \d+(\.\d)? % of all attention/);
  await page.keyboard.press("k");
  const shown = await requestsDuring(page, "/api/attribution", () => page.getByRole("switch", { name: "Leave out the first token" }).uncheck());
  assert(shown.length === 0, "what is known should not be asked for again.");
  const whole = await scores(page);
  const share = Number((await page.locator(".stack-rows .token").first().getAttribute("data-score")) ?? 0);
  assert(share > 0.05 && Math.abs(whole.reduce((sum, score) => sum + score, 0) - 1) < 1e-3, `the first token should be among the shares: ${whole}`);
  await expect(words).not.toContainText("left");
  for (const [index, score] of rest.entries()) if (index > 0) assert(Math.abs(score - (whole[index] ?? 0) / (1 - share)) < 1e-6, "the others' shares should be those of the rest.");
});

check("C14 B68", "an option that does not fit is told by its name on the page", async ({ page, allow }) => {
  allow(/status of 400/);
  await choose(page, "Attention");
  await page.locator("#attribution-body summary").click();
  await page.getByRole("textbox", { name: "Layers" }).fill("0, 99");
  await page.locator(".rows .row-item .row").first().hover();
  const error = page.locator("#attribution-body .note-error");
  await expect(error).toContainText("The option “Layers” does not fit this model.");
  await expect(error).toContainText("layers 0 to 29");
  await expect(error).not.toContainText("options.");
});

check("C14", "what speaks for a token and what speaks against it are told apart in words", async ({ page }) => {
  await forceText(page, " Paris, of course it is");
  await choose(page, "Input × gradient");
  await page.getByRole("switch", { name: "Signed" }).check();
  const said = [];
  for (const index of [0, 1, 2, 3, 4]) {
    await page.mouse.move(2, 2);
    const row = page.locator(".rows .row-item .row").nth(index);
    await row.hover();
    await expect(row).toHaveAttribute("data-target", "true");
    said.push(await page.locator(".heat-words").innerText());
  }
  for (const words of said) {
    assert(!/depends on/.test(words), `a token does not depend on what speaks against it: ${words}`);
    const [pro = "", contra = ""] = /against it/.test(words) ? (words.match(/^(.*? for it)?(.*) speaks? against it/s)?.slice(1) ?? []) : [words, ""];
    assert(!/\u2212\d/.test(pro) && !/\+\d/.test(contra), `each side should have its own: ${words}`);
  }
  await expect(button(page, "All generated tokens")).toBeEnabled();
});

check("C13", "in the table of all generated tokens each row has its own runner-up", async ({ page }) => {
  await forceText(page, " Paris, of course");
  await choose(page, "Saliency");
  await page.getByRole("combobox", { name: "Quantity" }).selectOption("logit_difference");
  const [asked] = await requestsDuring(page, "/api/attribution/matrix", () => button(page, "All generated tokens").click());
  assert(asked && asked.body.options.contrast_id === undefined, "without a choice no candidate should be asked for.");
  const rows = page.getByRole("dialog").locator("tbody tr");
  await expect(rows).toHaveCount(asked.body.completion_ids.length, { timeout: 60_000 });
  await expect(page.locator(".matrix .note-error")).toHaveCount(0);
  const [tokens, others] = await Promise.all([rows.locator("th").allTextContents(), rows.locator(".matrix-contrast").allTextContents()]);
  assert(others.length === tokens.length && others.every((other, index) => other !== "" && other !== tokens[index]) && new Set(others).size > 1, `each token should be compared with another one of its place: ${tokens} with ${others}`);
});

check("C24", "an estimate of integrated gradients is painted, and the answer takes its place", async ({ page }) => {
  await forceText(page, ` Paris, of course it is, ${unasked()}`);
  await estimateThenAnswer(page, "Integrated gradients", /First estimate:.* points · completeness error/s, "60");
});

check("C24", "the parts that occlusion has tried are painted, and the answer takes their place", async ({ page }) => {
  // Of a short text all parts are tried before the page shows anything.
  await forceText(page, `${" and so it goes on".repeat(6)} ${unasked()}`);
  await estimateThenAnswer(page, "Occlusion", /Of the parts tried so far/);
});

/** The server remembers answers, and would show no estimate of what it was asked before. */
function unasked() {
  return String(Date.now() % 1_000_000);
}

/** @param {Page} page @param {string} method @param {RegExp} estimate what says that it is one @param {string} [points] */
async function estimateThenAnswer(page, method, estimate, points) {
  await choose(page, method);
  if (points) {
    await page.locator("#attribution-body summary").click();
    await page.getByRole("spinbutton", { name: "Points" }).fill(points);
    await page.getByRole("spinbutton", { name: "Points" }).press("Enter");
  }
  // An estimate may be gone before anybody asks for it, so the page itself notes each state.
  await page.evaluate(() => {
    const seen = /** @type {string[]} */ ([]);
    Object.assign(window, { seen });
    const any = (/** @type {string} */ mark) => document.querySelector(`.stack-rows .token[${mark}]`) !== null;
    const look = () => {
      const state = `${any("data-so-far") ? "hatched" : any("data-heat") ? "painted" : "plain"}: ${document.querySelector(".heat-words")?.textContent}`;
      if (seen.at(-1) !== state) seen.push(state);
    };
    new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  });
  const row = page.locator(".rows .row-item .row").nth(1);
  const [request] = await Promise.all([page.waitForRequest((one) => one.url().endsWith("/api/attribution")), row.hover()]);
  await expect(page.locator(".stack-rows .token[data-heat]:not([data-so-far])")).not.toHaveCount(0, { timeout: 120_000 });
  await expect(page.locator(".heat-line progress")).toHaveCount(0);
  const seen = /** @type {string[]} */ (await page.evaluate(() => /** @type {any} */ (window).seen));
  const states = seen.map((one) => one.split(":")[0]);
  assert(states.includes("hatched") && states.lastIndexOf("hatched") < states.indexOf("painted"), `an estimate should come before the answer, and be gone with it: ${states}`);
  assert(seen.some((one) => one.startsWith("hatched") && estimate.test(one)), `an estimate should be said to be one: ${seen.join(" | ")}`);
  await expect(page.locator(".heat-words")).not.toContainText(estimate);
  const painted = await scores(page);
  const body = request.postDataJSON();
  const whole = await (await page.request.post("/api/attribution", { data: body, timeout: 120_000 })).json();
  assert(painted.length > 5, `tokens should have scores: ${painted}`);
  for (const [index, score] of painted.entries()) assert(Math.abs(score - whole.attributions[index]) < 1e-6, `token ${index} has ${score} and not ${whole.attributions[index]}, as it has without lines of progress.`);
}
