// How the checks of e2e/ run: against the server at TOKENSCOPE_URL, in the Chromium of CHROMIUM or of the PATH.

import { defineConfig } from "@playwright/test";
import { FLAGS, findChromium } from "./e2e/browser.mjs";

export default defineConfig({
  testDir: "e2e",
  testMatch: "*.spec.mjs",
  // One server answers all, and a model that computes for two pages keeps a small machine busy.
  workers: 2,
  fullyParallel: true,
  // What passes only the second time is reported as flaky, with the trace of the time it failed.
  retries: 1,
  // The first page may wait for the model to be loaded.
  timeout: 180_000,
  expect: { timeout: 10_000 },
  outputDir: "../target/e2e",
  reporter: [["list"], ["html", { outputFolder: "../target/e2e-report", open: "never" }]],
  use: {
    baseURL: process.env["TOKENSCOPE_URL"] ?? "",
    viewport: { width: 1280, height: 720 },
    actionTimeout: 30_000,
    launchOptions: { executablePath: findChromium(), args: FLAGS },
    screenshot: "only-on-failure",
    trace: { mode: "retain-on-failure", screenshots: false },
  },
});
