// Ways on: what an edit left, and files that are opened beside what they were written from.

import { readFileSync } from "node:fs";
import { check, expect } from "./harness.mjs";
import { blur, button, expectLength, forceText, previewBy } from "./page.mjs";

check("C15", "what an edit left behind is offered in Flow and comes back, also what followed another text", async ({ page }) => {
  await forceText(page, " Paris, and");
  await previewBy(page, () => button(page, "Delete last token").click());
  await expectLength(page, 2, "After a deletion");
  const left = page.locator(".left-behind");
  await left.getByText("1 way left behind").click();
  await expect(left.locator("li")).toContainText("and");
  await previewBy(page, () => left.getByRole("button", { name: "Bring back" }).click());
  await expectLength(page, 3, "After Bring back");
  await expect(left).toHaveCount(0);
  await previewBy(page, () => page.getByLabel("User message").fill("The sea is"));
  await blur(page);
  await left.getByText("1 way left behind").click();
  await left.getByRole("button", { name: "as an input" }).click();
  await expect(page.getByLabel("User message")).toHaveValue("The capital of France is");
  await expectLength(page, 3, "As an input of its own");
});

check("C15", "a session that is opened beside itself gets names of its own", async ({ page }) => {
  await button(page, "Save and open").click();
  const [file] = await Promise.all([page.waitForEvent("download"), button(page, "Session file").click()]);
  const text = readFileSync(await file.path());
  await page.locator(".file-button input").setInputFiles({ name: "session.json", mimeType: "application/json", buffer: text });
  await expect(page.locator(".branch-name")).toHaveText("Input 1 (2)");
  await expect(page.locator(".waiting-name")).toHaveText(["Input 1"]);
});
