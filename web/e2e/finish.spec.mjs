// As fast as it goes, Finish, the seed that was drawn, and the way on after the end.

import { assert, openReady } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { blur, button, completionLength, expectLength, forceText, openCard, previewBy, settle, stepBy, stored } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

check("C19", "Finish takes one request a step up to its limit, says so, and is one edit", async ({ page }) => {
  await limit(page, 12);
  const asked = listen(page);
  await expect(button(page, "Finish")).toHaveAttribute("title", /12 tokens at most/);
  await button(page, "Finish").click();
  await expect(page.locator(".message")).toContainText("Stopped: 12 tokens, the most that Finish takes in one go. Press it again to go on.");
  expect(asked.join(" "), "no preview should come between steps").toMatch(/^step( step){11}( preview|$)/);
  await expectLength(page, 12, "After Finish");
  await settle(page);
  expect(asked.at(-1), "the position after the last step should be looked at").toBe("preview");
  await expect(button(page, "Undo")).toHaveAttribute("title", /^Undo: Finish/);
  await button(page, "Undo").click();
  await expectLength(page, 0, "After Undo");
  await button(page, "Redo").click();
  await expectLength(page, 12, "After Redo");
});

check("C19", "Finish ends where the text does", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await button(page, "Greedy").click();
  await previewBy(page, () => page.locator("#prompt-text").fill("What is the capital of France?"));
  await button(page, "Finish").click();
  await expect(page.locator(".message")).toContainText("Stopped: the model ended its answer.", { timeout: 60_000 });
  await expect(button(page, "Finish")).toHaveAttribute("aria-disabled", "true");
  await expect(button(page, "Finish")).toHaveAttribute("title", /^Finished: /);
});

check("C19", "Finish is stopped by its button and by the keys, and Play goes over to it", async ({ page }) => {
  await page.locator("#prompt-text").fill("Tell me a long story.");
  await blur(page);
  const ways = /** @type {[() => Promise<unknown>, () => Promise<unknown>][]} */ ([
    [() => button(page, "Finish").click(), () => button(page, "Stop").click()],
    [() => page.keyboard.press("f"), () => page.keyboard.press("f")],
    [() => page.keyboard.press("f"), () => page.keyboard.press(" ")],
    [async () => { await button(page, "Play").click(); await button(page, "Finish").click(); }, () => button(page, "Stop").click()],
  ]);
  for (const [start, stop] of ways) {
    const before = await completionLength(page);
    await start();
    await expect(button(page, "Stop")).toBeVisible();
    await expect.poll(() => completionLength(page)).toBeGreaterThan(before + 1);
    await stop();
    await expect(button(page, "Finish")).toBeVisible();
    await expect(button(page, "Play")).toBeVisible();
    await blur(page);
    // The step that is under way when it is stopped still comes.
    await settle(page);
    const after = await completionLength(page);
    const asked = listen(page);
    await stepBy(page, () => page.keyboard.press("ArrowRight"));
    expect(asked.filter((one) => one === "step"), "nothing should be stepped after a stop").toEqual(["step"]);
    await expectLength(page, after + 1, "After one step more");
    await settle(page);
  }
});

check("C19", "as fast as it goes is a switch of its own: the speed stays, Play looks ahead after its last step only", async ({ page, baseURL }) => {
  await limit(page, 8);
  const slider = page.getByRole("slider", { name: "One step every" });
  await slider.fill("900");
  await page.getByRole("switch", { name: "As fast as it goes" }).check({ force: true });
  await expect(slider).toBeDisabled();
  const asked = listen(page);
  await button(page, "Play").click();
  await expect(page.locator(".message")).toContainText("Stopped: 8 tokens, the most that Play takes in one go.");
  await expect(page.locator(".facts")).toContainText("tokens/s");
  expect(asked.join(" ")).toMatch(/^step( step){7}( preview|$)/);
  assert((await stored(page, "tokenscope.fullSpeed")) === "1" && (await stored(page, "llmDemo.stepSpeedMs")) === "900", "both should be kept.");
  await openReady(page, String(baseURL));
  await expect(slider).toBeDisabled();
  await expect(slider).toHaveValue("900");
});

check("C19", "an edit in the midst of Finish keeps what had come, and undo tells both apart", async ({ page }) => {
  await page.locator("#prompt-text").fill("Tell me a long story.");
  await button(page, "Finish").click();
  await expect.poll(() => completionLength(page)).toBeGreaterThan(3);
  await button(page, "Delete last token").click();
  await expect(button(page, "Finish")).toBeVisible();
  const left = await completionLength(page);
  await expect(button(page, "Undo")).toHaveAttribute("title", /^Undo: deletion of a token/);
  await button(page, "Undo").click();
  await expectLength(page, left + 1, "After Undo of the deletion");
  await button(page, "Undo").click();
  await expectLength(page, 0, "After Undo of Finish");
});

check("C15", "the seed that drew a token is kept by a press, and undo lets it go", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await button(page, "Creative").click();
  const { seed_used: seed } = await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  await button(page, `Keep seed ${seed}`).click();
  await expect(page.locator("#knob-seed")).toHaveValue(String(seed));
  await expect(page.locator(".message")).toContainText(`Seed ${seed} stays`);
  await expect(button(page, "Creative"), "a seed is nobody's preset").toHaveAttribute("aria-pressed", "true");
  await expect(button(page, `Keep seed ${seed}`)).toHaveCount(0);
  await button(page, "Undo").click();
  await expect(page.locator("#knob-seed")).toHaveValue("");
  await expect(button(page, `Keep seed ${seed}`)).toBeVisible();
});

check("C15", "after the end token there is a way on, which is marked as forced and can be undone", async ({ page }) => {
  await forceText(page, "Yes<|im_end|>");
  const onward = button(page, "Go past the end");
  await previewBy(page, () => onward.click());
  await expect(onward).toHaveCount(0);
  await expectLength(page, 2, "After going on");
  await page.locator('.stack-rows [data-index="1"]').hover();
  await expect(page.locator("#history")).toContainText("The end, forced to go on");
  await page.mouse.move(2, 2);
  await stepBy(page, () => button(page, "Step").click());
  await settle(page);
  await stepBy(page, () => page.locator(".rows button.row").first().click());
  await settle(page);
  await expectLength(page, 4, "A step and a forced token later");
  for (let times = 0; times < 3; times += 1) await button(page, "Undo").click();
  await expectLength(page, 2, "After Undo");
  await expect(onward).toBeVisible();
  await button(page, "Step").click({ force: true });
  await expect(page.locator(".message")).toHaveText(/^Finished: /);
});

/** Of Play and Finish. @param {Page} page @param {number} count */
async function limit(page, count) {
  await openCard(page, "Step speed");
  await page.locator("#max-tokens").fill(String(count));
  await page.locator("#prompt-text").fill("Tell me a long story.");
  await previewBy(page, async () => {});
  await blur(page);
}

/** What is asked for from now on, "step" or "preview". @param {Page} page */
function listen(page) {
  const asked = /** @type {string[]} */ ([]);
  page.on("request", (request) => {
    const name = new URL(request.url()).pathname.match(/^\/api\/(step|preview)$/)?.[1];
    if (name) asked.push(name);
  });
  return asked;
}
