// index.html names every module that the page begins with, so that the browser asks for all of them at
// once, and not for each when it has read the one that imports it.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("..", import.meta.url);
const index = readFileSync(new URL("index.html", root), "utf8");
const { imports } = JSON.parse(/<script type="importmap">([^]*?)<\/script>/.exec(index)?.[1] ?? "{}");

/** All modules that `path` imports, and those that they import. */
function reach(/** @type {string} */ path, /** @type {Set<string>} */ seen = new Set()) {
  if (seen.has(path)) return seen;
  seen.add(path);
  const file = new URL(`.${path}`, root);
  assert.ok(existsSync(file), `${path} is imported and not there`);
  for (const [, name = ""] of readFileSync(file, "utf8").matchAll(/(?:^|[;\n])\s*(?:import|export)\s*(?:[\w$*{}\s,]*?\bfrom\s*)?"([^"]+)"/g)) {
    const target = imports[name] ?? `/${new URL(name, file).href.slice(root.href.length)}`;
    reach(target, seen);
  }
  return seen;
}

test("index.html preloads the modules that the page begins with, and no others", () => {
  const named = [...index.matchAll(/<link rel="modulepreload" href="([^"]+)">/g)].map(([, path]) => path);
  const needed = [...reach("/main.js")].filter((path) => path !== "/main.js");
  assert.deepEqual(named.sort(), needed.sort());
});
