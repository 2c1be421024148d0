// Sessions: what survives a reload, a second tab and a file, and what a file becomes for others.

import { readFile, writeFile } from "node:fs/promises";
import { assert, openReady } from "./browser.mjs";
import { cards, completion, expectCards, forkHot } from "./branches.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, completionLength, expectLength, forceText, previewBy, step } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

check("B28", "a reload keeps inputs, tokens and undo, also of an edit a moment before", async ({ page }) => {
  await forkHot(page);
  const before = { cards: await cards(page), words: await completion(page) };
  await page.reload();
  await expect.poll(async () => ({ cards: await cards(page), words: await completion(page) }), "what a reload keeps").toEqual(before);
  await page.locator(".row-item").first().waitFor();
  await blur(page);
  await previewBy(page, () => page.keyboard.press("ArrowLeft"));
  await page.reload();
  await expectLength(page, before.words.length - 1, "After an edit and a reload at once");
  await page.locator(".row-item").first().waitFor();
  await page.keyboard.press("Control+z");
  await expectLength(page, before.words.length, "After Ctrl+Z behind a reload");
});

check("B28", "each tab has its own session, and a new one goes on with a closed one", async ({ page }) => {
  const context = page.context();
  await forkHot(page);
  const mine = await cards(page);
  const other = await context.newPage();
  await openReady(other, "/");
  await expectCards(other, "*Input 1", "In a second tab");
  await button(other, "New input").click();
  await expectCards(other, "Input 1,*Input 2", "In a second tab");
  await kept(other);
  await page.reload();
  await expectCards(page, mine, "After another tab's edits and a reload");
  await other.close();
  const third = await context.newPage();
  await openReady(third, "/");
  await expectCards(third, "Input 1,*Input 2", "In a tab that goes on with a closed one");
  // A tab opened from another begins with a copy of its memory.
  const [copy] = await Promise.all([context.waitForEvent("page"), third.evaluate(() => void open(location.href))]);
  await openReady(copy, "/");
  await expectCards(copy, "Input 1,*Input 2", "In a tab opened from another");
  await button(copy, "New input").click();
  await expectCards(copy, "Input 1,Input 2,*Input 3", "In a tab opened from another");
  await kept(copy);
  await copy.reload();
  await expectCards(copy, "Input 1,Input 2,*Input 3", "After a reload of a copied tab");
  await third.reload();
  await expectCards(third, "Input 1,*Input 2", "After edits in a copied tab");
});

/** Edits are written down a moment later. @param {Page} page */
function kept(page) {
  return page.waitForTimeout(600);
}

check("B71", "without a database the page works, and says once that it keeps nothing", async ({ blank }) => {
  await blank.addInitScript(() => {
    IDBFactory.prototype.open = () => {
      throw new DOMException("forbidden", "SecurityError");
    };
  });
  await openReady(blank, "/");
  const notice = blank.locator(".banner-notice");
  await expect(notice).toContainText("does not keep the session: export it before you leave. forbidden");
  await button(blank, "Dismiss notice").click();
  for (let length = 1; length <= 2; length += 1) {
    await step(blank);
    await expectLength(blank, length, "After a step without a database");
  }
  await expect(notice, "the notice should come once").toHaveCount(0);
});

check("B28", "a session goes into a file and comes back; a broken file is refused", async ({ page }, info) => {
  await forkHot(page);
  const [path, broken] = [info.outputPath("session.json"), info.outputPath("broken.json")];
  const before = await cards(page);
  const name = await save(page, path);
  assert(/^tokenscope-the-capital.*\.json$/.test(name), `the file should be named after the prompt and is named ${name}.`);
  const file = JSON.parse(await readFile(path, "utf8"));
  file.nodes[0].token.id = "no number";
  await writeFile(broken, JSON.stringify(file));
  await page.getByLabel("Choose a file").setInputFiles(broken);
  await expect(page.locator(".sessions .error-detail"), "a broken file should be refused with its place").toContainText("broken.json cannot be opened. nodes[0].token.id should be a whole number");
  await expectCards(page, before, "After a broken file");
  await page.getByLabel("Choose a file").setInputFiles(path);
  await page.locator(".sessions").waitFor({ state: "detached" });
  await expectCards(page, `${before.replace("*", "")},Input 1 (2),*hot (2)`, "After an import");
  await step(page);
  await button(page, "Undo").click();
  await button(page, "Undo").click();
  await expectCards(page, before, "After undoing a step and an import");
});

check("B28", "a dropped file is opened", async ({ page }, info) => {
  await forkHot(page);
  const before = await cards(page);
  await save(page, info.outputPath("session.json"));
  await page.keyboard.press("Escape");
  const text = await readFile(info.outputPath("session.json"), "utf8");
  const data = await page.evaluateHandle((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.json"));
    return data;
  }, text);
  await page.dispatchEvent("main", "drop", { dataTransfer: data });
  await expectCards(page, `${before.replace("*", "")},Input 1 (2),*hot (2)`, "After a drop");
  await button(page, "Undo").click();
  await expectCards(page, before, "After undoing a drop");
});

check("B80", "a completion of another model is shown and not continued", async ({ page }, info) => {
  await forkHot(page);
  const path = info.outputPath("session.json");
  await save(page, path);
  const file = JSON.parse(await readFile(path, "utf8"));
  for (const node of file.nodes) node.model = "some/other-model";
  await writeFile(path, JSON.stringify(file));
  const asked = await previewBy(page, () => page.getByLabel("Choose a file").setInputFiles(path));
  assert(asked.completion_tokens.length === 0, "tokens of another model should not be sent to this one.");
  await page.getByText("some/other-model wrote this completion").first().waitFor();
  assert((await completionLength(page)) > 0, "a completion of another model should be shown.");
  await expect(button(page, "Step"), "and not be continued").toHaveAttribute("aria-disabled", "true");
  await previewBy(page, () => button(page, "Remove completion").click());
  await step(page);
  await expectLength(page, 1, "After the other model's completion was removed");
});

check("B28", "an exported page replays the session from disk, offline", async ({ page, browser }, info) => {
  await forkHot(page);
  const path = info.outputPath("session.html");
  const words = await completion(page);
  await page.locator(".input-files").click();
  await downloadBy(page, () => button(page, "Web page").click(), path);
  const context = await browser.newContext({ offline: true });
  const other = await context.newPage();
  const complaints = /** @type {string[]} */ ([]);
  other.on("request", (request) => request.url().startsWith("file:") || complaints.push(`request: ${request.url()}`));
  other.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  other.on("pageerror", (error) => complaints.push(error.message));
  await other.goto(`file://${path}`);
  const shown = other.locator(".word:visible");
  await expect(shown).toHaveCount(words.length);
  await other.keyboard.press("ArrowLeft");
  await expect(shown, "the left arrow should step back").toHaveCount(words.length - 1);
  await other.locator(".word").first().hover();
  await expect(other.locator("#pick"), "hovering a token should show what it was picked from").toContainText(/^Token 1: /);
  await expect(other.locator("#rows tr.chosen"), "the token that was picked should be marked among the rows").toHaveCount(1);
  await other.getByRole("button", { name: "Start", exact: true }).click();
  await other.getByRole("button", { name: "Forward", exact: true }).click();
  await expect(shown, "Start and Forward should show one token").toHaveCount(1);
  await other.locator("#branches label", { hasText: "Input 1" }).click();
  await other.getByText(/tokens$/).first().waitFor();
  await context.close();
  expect(complaints, "what the exported page did wrong").toEqual([]);
});

/** Opens the dialog and saves the session; the dialog stays. @param {Page} page @param {string} path */
async function save(page, path) {
  await page.locator(".input-files").click();
  return downloadBy(page, () => button(page, "Session file").click(), path);
}

/** @param {Page} page @param {() => Promise<unknown>} act @param {string} path */
async function downloadBy(page, act, path) {
  const [download] = await Promise.all([page.waitForEvent("download"), act()]);
  await download.saveAs(path);
  return download.suggestedFilename();
}
