// What is instant looks instant: sliders, presets and counts ask at once, and the last value is never lost.

import { formatProbability } from "../lib/format.js";
import { assert } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, openCard, previewBy } from "./page.mjs";

/** @import { Page } from "@playwright/test" */

const VALUES = 60;

check("C1", "a drag through 60 values paints more than 20 answers, one request at a time, and the last is exact", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const slider = page.locator("#knob-temperature");
  await previewBy(page, () => slider.fill("0.4"));
  const watch = await watchDrag(page);
  await drag(page, async (move) => {
    for (let step = 1; step <= VALUES; step += 1) await move(0.4 + step * 0.02);
    const { painted, most, values } = await watch.read();
    assert(values >= VALUES, `the slider should take ${VALUES} values, and took ${values}.`);
    assert(painted > 20, `more than 20 answers should be painted before release, and ${painted} are.`);
    assert(most === 1, `one preview should be in flight at a time, and ${most} were.`);
    await expect(page.locator(".rows"), "bars should jump with the hand").toHaveAttribute("data-moving", "false");
  });
  await expect.poll(async () => String((await watch.read()).answered), "The last value should be answered").toBe(await slider.inputValue());
  const { most, numbers } = await watch.read();
  assert(most === 1, "nor should there be two after release.");
  for (const [index, p] of numbers.slice(0, 5).entries()) await expect(page.locator(".rows .row-item .row-final").nth(index)).toHaveText(formatProbability(p));
});

check("C1", "a drag is one edit, however long the hand rests, and the next one another", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const value = () => page.locator("#knob-temperature").inputValue();
  await drag(page, async (move) => {
    await move(0.9);
    // Letters that are typed this far apart are two edits.
    await page.waitForTimeout(1600);
    await move(1.2);
  });
  await drag(page, async (move) => move(1.5));
  expect(await value()).toBe("1.5");
  await button(page, "Undo").click();
  await expect(page.locator("#knob-temperature")).toHaveValue("1.2");
  await button(page, "Undo").click();
  await expect(page.locator("#knob-temperature")).toHaveValue("0.7");
});

check("C1", "bars travel after presets and keys", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const rows = page.locator(".rows");
  for (const act of [() => button(page, "Creative").click(), () => page.locator("#knob-temperature").press("ArrowLeft")]) {
    await drag(page, async (move) => move(1.7));
    await expect(rows).toHaveAttribute("data-moving", "false");
    await act();
    await expect(rows).toHaveAttribute("data-moving", "true");
  }
});

check("C1", "what is chosen is asked about at once, what is typed a moment later", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await page.clock.install();
  let count = 0;
  page.on("request", (request) => (count += Number(request.url().endsWith("/api/preview"))));
  const asked = async () => count;
  const exact = page.getByLabel("Temperature, exact value");
  const acts = /** @type {[string, boolean, () => Promise<unknown>][]} */ ([
    ["a preset", true, () => button(page, "Creative").click()],
    ["a slider's key", true, () => page.locator("#knob-temperature").press("ArrowRight")],
    ["an arrow of a field", true, () => exact.press("ArrowUp")],
    ["a rule", true, () => page.locator("#knob-nucleus_rule").selectOption("seed")],
    ["a count of rows", true, () => page.locator("#top-k").fill("12").then(() => page.locator("#top-k").press("Enter"))],
    ["a typed number", false, () => exact.fill("0.33")],
  ]);
  // The page's clock stands: what waits for it never comes.
  await page.clock.pauseAt(Date.now() + 60_000);
  for (const [name, atOnce, act] of acts) {
    const before = await asked();
    await act();
    if (atOnce) await expect.poll(asked, `${name} should be asked about at once`).toBe(before + 1);
    else {
      assert((await asked()) === before, `${name} should wait.`);
      await page.clock.runFor(300);
      await expect.poll(asked, `${name} should be asked about`).toBe(before + 1);
    }
  }
});

/** Holds the slider of the temperature. @param {Page} page @param {(move: (value: number) => Promise<void>) => Promise<void>} act */
async function drag(page, act) {
  const slider = page.locator("#knob-temperature");
  const box = await slider.boundingBox();
  assert(box, "the slider should be on screen.");
  // The thumb's middle goes from half its width to half its width before the end.
  const move = (/** @type {number} */ value) => page.mouse.move(box.x + 8 + ((box.width - 16) * value) / 2, box.y + box.height / 2);
  await move(Number(await slider.inputValue()));
  await page.mouse.down();
  await act(move);
  await page.mouse.up();
}

/** Watches, in the page, what is asked for and what is painted. @param {Page} page */
async function watchDrag(page) {
  const handle = await page.evaluateHandle(() => {
    const painted = new Set();
    let [flying, most, values, answered] = [0, 0, 0, NaN];
    let numbers = /** @type {number[]} */ ([]);
    const ask = window.fetch;
    window.fetch = async (path, init) => {
      if (path !== "/api/preview") return ask(path, init);
      flying += 1;
      most = Math.max(most, flying);
      try {
        const response = await ask(path, init);
        const text = await response.text();
        answered = JSON.parse(String(init?.body)).params.temperature;
        numbers = JSON.parse(text).dist.tokens.map((/** @type {{ p_final: number }} */ row) => row.p_final);
        return new Response(text, response);
      } finally {
        flying -= 1;
      }
    };
    addEventListener("input", () => (values += 1), true);
    const look = () => {
      painted.add([...document.querySelectorAll(".rows .row-final")].slice(0, 6).map((one) => one.textContent).join());
      requestAnimationFrame(look);
    };
    look();
    return { read: () => ({ painted: painted.size - 1, most, values, answered, numbers }) };
  });
  return { read: () => handle.evaluate((watch) => watch.read()) };
}
