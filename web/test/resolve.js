// Resolves bare names as the page does: through the import map of index.html. So the tests run
// the vendored files, not the ones of node_modules.

import { readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const page = readFileSync(new URL("index.html", root), "utf8");
const map = JSON.parse(/<script type="importmap">([^]*?)<\/script>/.exec(page)?.[1] ?? "{}");

/**
 * @param {string} name
 * @param {{ parentURL?: string }} context
 * @param {(name: string, context: object) => unknown} next
 */
export function resolve(name, context, next) {
  const path = map.imports?.[name];
  return path ? { url: new URL(`.${path}`, root).href, shortCircuit: true } : next(name, context);
}
