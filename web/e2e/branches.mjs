// Inputs as branches in a real browser: fork, select, rename, delete, undo, the library, and what
// survives a reload, a second tab and a file.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, assertNoComplaints, openReady, watch } from "./browser.mjs";
import { check } from "./checks.mjs";
import { blur, button, clearCompletion, completionLength, expectLength, forceText, previewBy, settle, stepBy } from "./page.mjs";

/** @import { Browser, BrowserContext, Page } from "@playwright/test" */
/** @import { Options } from "./browser.mjs" */

/** @param {Options} options @param {Browser} browser */
export async function branchOut(options, browser) {
  const folder = mkdtempSync(join(tmpdir(), "tokenscope-e2e-"));
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  const page = await context.newPage();
  const complaints = watch(page.context(), options.url);
  try {
    await openReady(page, options.url);
    await check("B29 B30 B33", "a fork goes its own way, cards are chosen by click and by key", () => forkAndSelect(page));
    await undoAndRedo(page);
    await check("B34", "an input is renamed by F2 or a double click", () => rename(page));
    await check("B34", "an input that was deleted comes back whole", () => deleteAndBringBack(page));
    await compare(page);
    await check("B28", "a reload keeps inputs, tokens and undo, also of an edit a moment before", () => keepOverReload(page));
    await check("B28", "each tab has its own session, and a new one goes on with a closed one", () => keepTabsApart(page, context, options.url));
    await workWithoutDatabase(browser, options.url);
    await exportAndImport(page, folder);
    await dropFile(page, folder);
    await openForeign(page, folder);
    await replay(page, browser, folder);
    await check("B38", "the library keeps the focus, closes three ways, and can be undone", () => useLibrary(page));
    await check("B34 B63", "Play stops after its limit, and says so", () => stopAfter(page));
    assertNoComplaints(complaints);
  } finally {
    await context.close();
    rmSync(folder, { recursive: true });
  }
}

/** @param {Page} page */
const cards = (page) => page.locator(".input-cards > *").evaluateAll((all) => all.map((card) => `${card.classList.contains("input") ? "*" : ""}${card.querySelector("h2, .waiting-name")?.textContent}`).join());

/** @param {Page} page @param {string} expected @param {string} after */
async function expectCards(page, expected, after) {
  const deadline = Date.now() + 5_000;
  let seen = await cards(page);
  while (seen !== expected && Date.now() < deadline) {
    await page.waitForTimeout(20);
    seen = await cards(page);
  }
  assert(seen === expected, `${after}, the inputs should be ${expected} and are ${seen}.`);
}

/** @param {Page} page */
const completion = (page) => page.locator(".token[data-index]").evaluateAll((all) => all.map((token) => token.querySelector(".token-text, .space-mark")?.parentElement?.textContent ?? token.textContent));

/** @param {Page} page */
async function forkAndSelect(page) {
  await forceText(page, "The sea is wide");
  const length = await completionLength(page);
  await previewBy(page, () => page.keyboard.press("b"));
  await expectCards(page, "Input 1,*Input 2", "After B");
  await expectLength(page, length, "After a fork");
  await previewBy(page, () => page.keyboard.press("ArrowLeft"));
  await expectLength(page, length - 1, "After a deletion on the fork");
  const waiting = page.locator(".waiting");
  assert((await waiting.innerText()).includes("The sea is wide"), "an edit of the fork should not reach the input that it came from.");
  await waiting.focus();
  await page.keyboard.press("Enter");
  await expectCards(page, "*Input 1,Input 2", "After Enter on a card");
  await expectLength(page, length, "After going back");
  const focused = await page.evaluate(() => document.activeElement?.className ?? "");
  assert(/\binput\b/.test(focused), `the focus should be on the active card and is on "${focused}".`);
  await page.locator(".waiting").click();
  await expectCards(page, "Input 1,*Input 2", "After a click on a card");
}

/** @param {Page} page */
async function undoAndRedo(page) {
  await settle(page);
  const before = await completion(page);
  await stepBy(page, () => page.locator(".row-item .row").nth(1).click());
  await settle(page);
  const after = await completion(page);
  await button(page, "Undo").click();
  await expectLength(page, before.length, "After Undo");
  await button(page, "Redo").click();
  await expectLength(page, after.length, "After Redo");
  await blur(page);
  await page.keyboard.press("Control+z");
  await expectLength(page, before.length, "After Ctrl+Z");
  await page.keyboard.press("Control+Shift+Z");
  await expectLength(page, after.length, "After Ctrl+Shift+Z");
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+y");
  await expectLength(page, after.length, "After Ctrl+Y");
  assert(JSON.stringify(await completion(page)) === JSON.stringify(after), "redo should bring back the very tokens.");
  const prompt = page.locator("#prompt-text");
  const text = await prompt.inputValue();
  await prompt.press("End");
  await prompt.pressSequentially(" not");
  await page.keyboard.press("Control+z");
  const inField = await prompt.inputValue();
  assert(inField !== `${text} not`, "Ctrl+Z in a text should undo the typing there.");
  assert((await page.locator(".message").innerText()).startsWith("Undone") === false, "Ctrl+Z in a text belongs to the text.");
  while ((await prompt.inputValue()) !== text || (await completionLength(page)) !== after.length) await button(page, "Undo").click();
  console.log("  undo and redo by button and key; a text field keeps its own undo");
}

/** @param {Page} page */
async function rename(page) {
  await blur(page);
  await page.keyboard.press("F2");
  const field = page.getByLabel("Name of this input");
  await field.fill("nowhere");
  await field.press("Escape");
  await expectCards(page, "Input 1,*Input 2", "After Escape");
  await page.locator(".branch-name").dblclick();
  await field.fill("hot");
  await field.press("Enter");
  await expectCards(page, "Input 1,*hot", "After Enter in the name");
}

/** @param {Page} page */
async function deleteAndBringBack(page) {
  const length = await completionLength(page);
  await button(page, "Duplicate").click();
  await expectCards(page, "Input 1,hot,*Input 3", "After Duplicate");
  await expectLength(page, 0, "After Duplicate");
  await button(page, "Delete input").click();
  await expectCards(page, "Input 1,*hot", "After Delete");
  await button(page, "Delete input").click();
  await expectCards(page, "*Input 1", "After Delete");
  assert((await button(page, "Delete input").getAttribute("aria-disabled")) === "true", "the only input should stay.");
  await button(page, "Undo").click();
  await expectCards(page, "Input 1,*hot", "After Undo");
  await expectLength(page, length, "After Undo");
}

/** @param {Page} page */
async function compare(page) {
  await page.getByRole("tab", { name: "Branches" }).click();
  const text = await page.locator(".branches-pair [role=status]").innerText();
  assert(/^The first \d+ tokens are the same; then hot has .+, and Input 1 has .+\.$/.test(text), `the comparison should say where the inputs part and says: ${text}`);
  const taken = await page.locator(".pair-rows .pair-final[data-taken=true]").count();
  assert(taken === 2, `both tokens should be marked in the distributions they were picked from, and ${taken} are.`);
  const forks = await page.locator('.pair-token[data-fork="true"]').count();
  assert(forks === 2, `the place where they part should be marked on both sides, and is on ${forks}.`);
  assert((await page.locator(".outline-run").count()) >= 3, "the tree should have a stem and two ways.");
  await page.getByRole("tab", { name: "Flow" }).click();
  console.log("  two inputs are compared where they part");
}

/** @param {Page} page */
async function keepOverReload(page) {
  await settle(page);
  const before = [await cards(page), JSON.stringify(await completion(page))];
  await page.reload();
  await page.locator(".row-item").first().waitFor({ timeout: 60_000 });
  await page.locator(".stack-rows .token").first().waitFor();
  const after = [await cards(page), JSON.stringify(await completion(page))];
  assert(before.join() === after.join(), `a reload should keep ${before.join(" ")} and shows ${after.join(" ")}.`);
  await blur(page);
  const length = await completionLength(page);
  await previewBy(page, () => page.keyboard.press("ArrowLeft"));
  await page.reload();
  await page.locator(".stack-rows .token").first().waitFor({ timeout: 60_000 });
  await expectLength(page, length - 1, "After an edit and a reload at once");
  await page.keyboard.press("Control+z");
  await expectLength(page, length, "After Ctrl+Z behind a reload");
}

/** @param {Page} page @param {BrowserContext} context @param {string} url */
async function keepTabsApart(page, context, url) {
  const mine = await cards(page);
  const other = await context.newPage();
  const complaints = watch(other.context(), url);
  await openReady(other, url);
  await expectCards(other, "*Input 1", "In a second tab");
  await button(other, "New input").click();
  await expectCards(other, "Input 1,*Input 2", "In a second tab");
  await other.waitForTimeout(600);
  await page.reload();
  await page.locator(".stack-rows .token").first().waitFor({ timeout: 60_000 });
  await expectCards(page, mine, "After another tab's edits and a reload");
  await other.close();
  const third = await context.newPage();
  await openReady(third, url);
  await expectCards(third, "Input 1,*Input 2", "In a tab that goes on with a closed one");
  // A tab opened from another begins with a copy of its memory.
  const [copy] = await Promise.all([context.waitForEvent("page"), third.evaluate(() => void open(location.href))]);
  await openReady(copy, url);
  await expectCards(copy, "Input 1,*Input 2", "In a tab opened from another");
  await button(copy, "New input").click();
  await expectCards(copy, "Input 1,Input 2,*Input 3", "In a tab opened from another");
  await copy.waitForTimeout(600);
  await copy.reload();
  await expectCards(copy, "Input 1,Input 2,*Input 3", "After a reload of a copied tab");
  await third.reload();
  await expectCards(third, "Input 1,*Input 2", "After edits in a copied tab");
  await copy.close();
  await third.close();
  assertNoComplaints(complaints);
}

/** @param {Browser} browser @param {string} url */
async function workWithoutDatabase(browser, url) {
  const page = await browser.newPage();
  const complaints = watch(page.context(), url);
  await page.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("forbidden", "SecurityError");
    };
  });
  await openReady(page, url);
  const notice = page.locator(".banner-notice");
  assert(/does not keep the session: export it before you leave\. forbidden/.test(await notice.innerText()), "a browser that keeps nothing should be said so.");
  await button(page, "Dismiss notice").click();
  for (let length = 1; length <= 2; length += 1) {
    await stepBy(page, () => button(page, "Step").click());
    await expectLength(page, length, "After a step without a database");
    await settle(page);
  }
  assert((await notice.count()) === 0, "the notice should come once.");
  assertNoComplaints(complaints);
  await page.close();
  console.log("  without a database the page works, and says once that it keeps nothing");
}

/** @param {Page} page @param {string} folder */
async function dropFile(page, folder) {
  const before = await cards(page);
  const text = await readFile(join(folder, "session.json"), "utf8");
  const data = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.json"));
    return data;
  }, text);
  await page.dispatchEvent("main", "drop", { dataTransfer: data });
  await expectCards(page, `${before.replace("*", "")},Input 1,*hot`, "After a drop");
  await button(page, "Undo").click();
  await expectCards(page, before, "After undoing a drop");
  console.log("  a dropped file is opened");
}

/** @param {Page} page @param {() => Promise<unknown>} act @param {string} path */
async function downloadBy(page, act, path) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  await download.saveAs(path);
  return download.suggestedFilename();
}

/** @param {Page} page @param {string} folder */
async function exportAndImport(page, folder) {
  const [path, broken] = [join(folder, "session.json"), join(folder, "broken.json")];
  const before = await cards(page);
  await page.locator(".input-files").click();
  const name = await downloadBy(page, () => button(page, "Session file").click(), path);
  assert(/^tokenscope-the-capital.*\.json$/.test(name), `the file should be named after the prompt and is named ${name}.`);
  const file = JSON.parse(await readFile(path, "utf8"));
  file.nodes[0].token.id = "no number";
  writeFileSync(broken, JSON.stringify(file));
  await page.getByLabel("Choose a file").setInputFiles(broken);
  const error = await page.locator(".sessions .error-detail").innerText();
  assert(/broken\.json cannot be opened\. nodes\[0\]\.token\.id should be a whole number/.test(error), `a broken file should be refused with its place and is with: ${error}`);
  await expectCards(page, before, "After a broken file");
  await page.getByLabel("Choose a file").setInputFiles(path);
  await page.locator(".sessions").waitFor({ state: "detached" });
  await expectCards(page, `${before.replace("*", "")},Input 1,*hot`, "After an import");
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  while ((await cards(page)) !== before) await button(page, "Undo").click();
  console.log("  a session goes into a file and comes back; a broken file is refused");
}

/** @param {Page} page @param {string} folder */
async function openForeign(page, folder) {
  const path = join(folder, "foreign.json");
  const before = await cards(page);
  const file = JSON.parse(await readFile(join(folder, "session.json"), "utf8"));
  for (const node of file.nodes) node.model = "some/other-model";
  writeFileSync(path, JSON.stringify(file));
  await page.locator(".input-files").click();
  const asked = await previewBy(page, () => page.getByLabel("Choose a file").setInputFiles(path));
  assert(asked.completion_tokens.length === 0, "tokens of another model should not be sent to this one.");
  await page.getByText("some/other-model wrote this completion").first().waitFor();
  assert((await completionLength(page)) > 0, "a completion of another model should be shown.");
  assert((await button(page, "Step").getAttribute("aria-disabled")) === "true", "a completion of another model should not be continued.");
  await button(page, "Remove completion").click();
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  while ((await cards(page)) !== before) await button(page, "Undo").click();
  console.log("  a completion of another model is shown and not continued");
}

/** @param {Page} page @param {Browser} browser @param {string} folder */
async function replay(page, browser, folder) {
  const path = join(folder, "session.html");
  const words = await completion(page);
  await page.locator(".input-files").click();
  await downloadBy(page, () => button(page, "Web page").click(), path);
  await page.keyboard.press("Escape");
  const context = await browser.newContext({ offline: true });
  const other = await context.newPage();
  const complaints = /** @type {string[]} */ ([]);
  other.on("request", (request) => request.url().startsWith("file:") || complaints.push(`request: ${request.url()}`));
  other.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  other.on("pageerror", (error) => complaints.push(error.message));
  await other.goto(`file://${path}`);
  const shown = () => other.locator(".word:visible").count();
  assert((await shown()) === words.length, `the exported page should show ${words.length} tokens and shows ${await shown()}.`);
  await other.keyboard.press("ArrowLeft");
  assert((await shown()) === words.length - 1, "the left arrow should step back.");
  await other.locator(".word").first().hover();
  assert((await other.locator("#pick").innerText()).startsWith("Token 1: "), "hovering a token should show what it was picked from.");
  assert((await other.locator("#rows tr.chosen").count()) === 1, "the token that was picked should be marked among the rows.");
  await other.getByRole("button", { name: "Start", exact: true }).click();
  await other.getByRole("button", { name: "Forward", exact: true }).click();
  assert((await shown()) === 1, "Start and Forward should show one token.");
  await other.locator("#branches label", { hasText: "Input 1" }).click();
  await other.getByText(/tokens$/).first().waitFor();
  assert(complaints.length === 0, `the exported page misbehaved: ${complaints.join("; ")}`);
  await context.close();
  console.log("  an exported page replays the session from disk, offline");
}

/** @param {Page} page */
async function useLibrary(page) {
  await clearCompletion(page);
  await button(page, "Examples").click();
  const dialog = page.getByRole("dialog", { name: "Prompt library" });
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
  assert(/haiku/.test(await page.locator("#prompt-text").inputValue()), "a prompt of the library should take the place of the text.");
  await button(page, "Undo").click();
  assert(/^The capital/.test(await page.locator("#prompt-text").inputValue()), "undo should bring the text back.");
}

/** @param {Page} page */
async function stopAfter(page) {
  await clearCompletion(page);
  const card = page.getByRole("button", { name: "Step speed" });
  if ((await card.getAttribute("aria-expanded")) === "false") await card.click();
  await page.getByLabel("Stop Play after").fill("2");
  await page.getByRole("slider", { name: "One step every" }).fill("120");
  await button(page, "Play").click();
  await page.locator(".message").filter({ hasText: /^Stopped: / }).waitFor({ timeout: 20_000 });
  const length = await completionLength(page);
  const message = await page.locator(".message").innerText();
  assert(length === 2 && message === "Stopped: 2 tokens, the most that Play takes in one go.", `Play should stop after 2 tokens and has ${length}: ${message}`);
  await button(page, "Undo").click();
  await expectLength(page, 0, "After undoing a run of Play");
  await button(page, "Clear").click();
  assert((await page.locator("#prompt-text").inputValue()) === "", "Clear should empty the text.");
  assert((await page.locator("#system-text").inputValue()) !== "", "Clear should leave the system message.");
  await button(page, "Undo").click();
}
