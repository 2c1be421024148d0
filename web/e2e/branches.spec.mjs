// Inputs as branches: fork, choose, undo, rename, delete, compare.

import { assert } from "./browser.mjs";
import { cards, completion, expectCards, forkHot, rename } from "./branches.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, completionLength, expectLength, forceText, previewBy, settle, stepBy } from "./page.mjs";

check("B29 B30 B33", "a fork goes its own way, cards are chosen by click and by key", async ({ page }) => {
  await forceText(page, "The sea is wide");
  const length = await completionLength(page);
  await previewBy(page, () => page.keyboard.press("b"));
  await expectCards(page, "Input 1,*Input 2", "After B");
  await expectLength(page, length, "After a fork");
  await previewBy(page, () => page.keyboard.press("ArrowLeft"));
  await expectLength(page, length - 1, "After a deletion on the fork");
  const waiting = page.locator(".waiting");
  await expect(waiting, "an edit of the fork should not reach the input that it came from").toContainText("The sea is wide");
  await waiting.focus();
  await page.keyboard.press("Enter");
  await expectCards(page, "*Input 1,Input 2", "After Enter on a card");
  await expectLength(page, length, "After going back");
  await expect.poll(() => page.evaluate(() => document.activeElement?.className ?? ""), "the focus should be on the active card").toMatch(/\binput\b/);
  await page.locator(".waiting").click();
  await expectCards(page, "Input 1,*Input 2", "After a click on a card");
});

check("B34 B73", "undo and redo by button and key; a text field keeps its own undo", async ({ page }) => {
  const { appended } = await forceText(page, "The sea is");
  await stepBy(page, () => page.locator(".row-item .row").nth(1).click());
  await settle(page);
  const [before, after] = [appended.length, appended.length + 1];
  const words = await completion(page);
  await button(page, "Undo").click();
  await expectLength(page, before, "After Undo");
  await button(page, "Redo").click();
  await expectLength(page, after, "After Redo");
  await blur(page);
  for (const [key, length] of /** @type {const} */ ([["Control+z", before], ["Control+Shift+Z", after], ["Control+z", before], ["Control+y", after]])) {
    await page.keyboard.press(key);
    await expectLength(page, length, `After ${key}`);
  }
  expect(await completion(page), "redo should bring back the very tokens").toEqual(words);
  const prompt = page.locator("#prompt-text");
  const text = await prompt.inputValue();
  await prompt.press("End");
  await prompt.pressSequentially(" not");
  await page.keyboard.press("Control+z");
  await expect(prompt, "Ctrl+Z in a text should undo the typing there").not.toHaveValue(`${text} not`);
  await expect(page.locator(".message"), "and belongs to the text").not.toContainText("Undone");
  await expect(async () => {
    if ((await prompt.inputValue()) !== text || (await completionLength(page)) !== after) await button(page, "Undo").click();
    await expect(prompt).toHaveValue(text, { timeout: 100 });
    expect(await completionLength(page)).toBe(after);
  }).toPass({ timeout: 10_000 });
  expect(await completion(page), "undo should bring back text and completion").toEqual(words);
});

check("B34", "an input is renamed by F2 or a double click", async ({ page }) => {
  await blur(page);
  await page.keyboard.press("F2");
  const field = page.getByLabel("Name of this input");
  await field.fill("nowhere");
  await field.press("Escape");
  await expectCards(page, "*Input 1", "After Escape");
  await rename(page, "hot");
  await expectCards(page, "*hot", "After Enter in the name");
});

check("B34", "an input that was deleted comes back whole", async ({ page }) => {
  await forkHot(page);
  const words = await completion(page);
  await button(page, "Duplicate").click();
  await expectCards(page, "Input 1,hot,*Input 3", "After Duplicate");
  await expectLength(page, 0, "After Duplicate");
  await button(page, "Delete input").click();
  await expectCards(page, "Input 1,*hot", "After Delete");
  await button(page, "Delete input").click();
  await expectCards(page, "*Input 1", "After Delete");
  await expect(button(page, "Delete input"), "the only input should stay").toHaveAttribute("aria-disabled", "true");
  await button(page, "Undo").click();
  await expectCards(page, "Input 1,*hot", "After Undo");
  await expect.poll(() => completion(page), "what comes back").toEqual(words);
});

check("B33", "two inputs are compared where they part", async ({ page }) => {
  await forkHot(page);
  expect(await cards(page)).toBe("Input 1,*hot");
  await page.getByRole("tab", { name: "Branches" }).click();
  await expect(page.locator(".branches-pair [role=status]"), "the comparison should say where the inputs part").toHaveText(/^The first \d+ tokens are the same; then hot has .+, and Input 1 has .+\.$/);
  await expect(page.locator(".pair-rows .pair-final[data-taken=true]"), "both tokens should be marked in the distributions they were picked from").toHaveCount(2);
  await expect(page.locator('.pair-token[data-fork="true"]'), "the place where they part should be marked on both sides").toHaveCount(2);
  assert((await page.locator(".outline-run").count()) >= 3, "the tree should have a stem and two ways.");
});
