// Generation parameters and the speed of Play.

import { assert, openReady } from "./browser.mjs";
import { check, expect } from "./harness.mjs";
import { button, clearCompletion, expectLength, openCard, previewAskedBy, previewBy, requestsBy, settle, stepBy, stored } from "./page.mjs";

/** @import { Locator } from "@playwright/test" */

const CARDS = /** @type {const} */ ([["Generation parameters", "decodingCollapsed"], ["Constrained sampling", "constraintCollapsed"], ["Step speed", "stepSpeedCollapsed"], ["Attribution", "attrCollapsed"]]);

/** Temperature, top-p, repetition, presence, frequency. */
const PRESETS = /** @type {const} */ ([
  ["Greedy", [1, 1, 1, 0, 0]],
  ["Balanced", [0.7, 0.8, 1.05, 0, 0]],
  ["Reliable", [0.25, 0.7, 1.1, 0, 0]],
  ["Creative", [1.05, 0.95, 1.02, 0.2, 0.1]],
]);

const RANGES = /** @type {const} */ ([
  ["knob-temperature", "0", "2", "0.01", "0.70"],
  ["knob-top_p", "0", "1", "0.01", "0.80"],
  ["knob-repetition_penalty", "1", "2", "0.01", "1.05"],
]);

check("B19", "the generation parameters are open at first, three cards closed, and what is opened or closed is kept", async ({ page }) => {
  for (const [title, key] of CARDS) {
    const toggle = button(page, title);
    const body = page.locator(`#${await toggle.getAttribute("aria-controls")}`);
    const open = title === "Generation parameters";
    await expect(toggle, `${title} at first`).toHaveAttribute("aria-expanded", String(open));
    await expect(body).toBeVisible({ visible: open });
    if (open) await toggle.click();
    await expect(body).toBeHidden();
    await toggle.click();
    await expect(body).toBeVisible();
    expect(await stored(page, `llmDemo.${key}`), `that ${title} is open should be kept`).toBe("0");
    await toggle.click();
    await expect(body).toBeHidden();
    expect(await stored(page, `llmDemo.${key}`), `that ${title} is closed should be kept`).toBe("1");
  }
});

check("B14", "three sliders with their ranges and two decimals", async ({ page }) => {
  await openCard(page, "Generation parameters");
  for (const [id, min, max, step, value] of RANGES) {
    const slider = page.locator(`#${id}`);
    await expectAttributes(slider, { type: "range", min, max, step });
    await expect(page.locator(".knob", { has: slider }).locator(".field-number"), `the number beside ${id}`).toHaveValue(value);
  }
});

check("B13", "presets set five numbers, seed and stop sequences stay", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewAskedBy(page, async () => {
    await page.locator("#knob-seed").fill("7");
    await page.locator("#knob-stop_sequences").fill("###");
  });
  for (const [name, values] of PRESETS) {
    const { params } = await previewAskedBy(page, () => button(page, name).click());
    const seen = [params?.temperature, params?.top_p, params?.repetition_penalty, params?.presence_penalty, params?.frequency_penalty];
    expect(seen, name).toEqual(values);
    expect(params?.greedy, name).toBe(name === "Greedy");
    expect([params?.seed, params?.stop_sequences], `${name} should leave seed and stop sequences`).toEqual([7, ["###"]]);
    await expect(page.locator(".presets .chip[aria-pressed=true]"), `${name} should be marked`).toHaveText([name]);
  }
  const { params } = await previewAskedBy(page, () => button(page, "Custom").click());
  expect([params?.greedy, params?.temperature], "Custom should keep the values").toEqual([false, 1.05]);
});

check("B15 B18", "numbers, seed and stop sequences as they are typed", async ({ page }) => {
  await openCard(page, "Generation parameters");
  for (const id of ["knob-presence_penalty", "knob-frequency_penalty"]) await expectAttributes(page.locator(`#${id}`), { min: "-2", max: "2", step: "0.1" });
  const [penalty, seed, stops] = ["presence_penalty", "seed", "stop_sequences"].map((id) => page.locator(`#knob-${id}`));
  assert(penalty && seed && stops, "three fields are looked for.");
  const typed = await previewAskedBy(page, () => penalty.fill("2.5"));
  expect(typed.params?.presence_penalty, "a typed value beyond the range should count").toBe(2.5);
  await expect(seed, "the seed should be a whole number").toHaveAttribute("step", "1");
  expect((await previewAskedBy(page, () => seed.fill("12"))).params?.seed).toBe(12);
  expect((await previewAskedBy(page, () => seed.fill(""))).params?.seed, "a blank seed should be none").toBeNull();
  const read = await previewAskedBy(page, () => stops.fill(" a | b b ||\\n"));
  expect(read.params?.stop_sequences, "stop sequences should be trimmed and read").toEqual(["a", "b b", "\n"]);
  const hint = page.locator("#stop-hint");
  await expect(hint).toContainText("decoded completion");
  await expect(hint).toContainText("end token always stops");
});

check("B16 B72", "greedy bars two knobs, sliders ask at once, typing waits a moment, both make values custom", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Greedy").click());
  const disabled = await page.locator("#sampling-body :is(input, select):disabled").evaluateAll((all) => all.filter((one) => one.id !== "").map((one) => one.id));
  expect(disabled, "greedy should bar temperature and top-p").toEqual(["knob-temperature", "knob-top_p"]);
  await previewBy(page, () => page.locator("#knob-repetition_penalty").fill("1.2"));
  await expect(button(page, "Greedy"), "an edit under Greedy should leave it").toHaveAttribute("aria-pressed", "true");
  await previewBy(page, () => button(page, "Balanced").click());
  const asked = await requestsBy(page, "/api/preview", async () => {
    for (const value of ["0.8", "0.9", "1.0"]) await page.locator("#knob-temperature").fill(value);
  });
  expect([asked.at(0), asked.at(-1)].map((one) => one?.body.params.temperature), "The first and the last move of a slider").toEqual([0.8, 1]);
  const before = Date.now();
  const typed = await requestsBy(page, "/api/preview", async () => {
    for (const value of ["0.7", "0.75"]) await page.getByLabel("Temperature, exact value").fill(value);
  });
  expect(typed.at(-1)?.body.params.temperature, "what is typed should be asked about").toBe(0.75);
  assert((typed[0]?.at ?? 0) - before >= 220, "typing should wait 220 ms for the next letter.");
  await expect(button(page, "Custom"), "an edit should make the values custom").toHaveAttribute("aria-pressed", "true");
});

check("B17", "parameters belong to an input, the latest to the next one and to the storage", async ({ page }) => {
  await openCard(page, "Generation parameters");
  const temperature = page.locator("#knob-temperature");
  await previewBy(page, () => temperature.fill("1.3"));
  await button(page, "New input").click();
  await expect(temperature, "the temperature of a new input").toHaveValue("1.3");
  await previewBy(page, () => temperature.fill("0.4"));
  expect(JSON.parse((await stored(page, "llmDemo.params")) ?? "{}").params?.temperature, "the latest edit should be kept").toBe(0.4);
  await page.locator(".waiting").click();
  await expect(temperature, "the temperature of the first input").toHaveValue("1.3");
});

check("B37", "a seed gives the same tokens again, wherever they are stepped from", async ({ page }) => {
  await openCard(page, "Generation parameters");
  await previewBy(page, () => button(page, "Creative").click());
  const seed = page.locator("#knob-seed");
  await previewAskedBy(page, () => seed.fill("41"));
  const draw = async (/** @type {number} */ count) => {
    const ids = [];
    for (let steps = 0; steps < count; steps += 1) {
      ids.push((await stepBy(page, () => button(page, "Step").click())).appended[0]?.id);
      await settle(page);
    }
    return ids;
  };
  const first = await draw(4);
  await previewBy(page, () => button(page, "Delete last token").click());
  expect(await draw(1), "the token that was deleted should come again").toEqual(first.slice(3));
  await clearCompletion(page);
  expect(await draw(4), "the same seed should draw the same tokens").toEqual(first);
  await previewAskedBy(page, () => seed.fill("42"));
  await clearCompletion(page);
  expect(await draw(4), "another seed should draw others").not.toEqual(first);
  await expectLength(page, 4, "After four steps");
});

check("B26", "the speed of Play has its range, and old values are raised", async ({ page }) => {
  await openCard(page, "Step speed");
  const slider = page.getByRole("slider", { name: "One step every" });
  await expectAttributes(slider, { min: "120", max: "2000", step: "10" });
  await expect(slider).toHaveValue("650");
  const shown = page.locator("output[for=step-speed]");
  await expect(shown).toHaveText("650 ms");
  await slider.fill("900");
  expect(await stored(page, "llmDemo.stepSpeedMs"), "the speed should be kept").toBe("900");
  await page.evaluate(() => localStorage.setItem("llmDemo.stepSpeedMs", "50"));
  await openReady(page, "/");
  await expect(shown, "a kept speed below 80 should be raised").toHaveText("80 ms");
});

/** @param {Locator} field @param {Record<string, string>} attributes */
async function expectAttributes(field, attributes) {
  for (const [name, value] of Object.entries(attributes)) await expect(field).toHaveAttribute(name, value);
}
