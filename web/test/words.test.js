// What the page says is plain English: names of the API belong to the API.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const FORBIDDEN = /** @type {[RegExp, string][]} */ ([
  [/\b[a-z]+(?:_[a-z]+)+\b/, "a field of the API"],
  [/\bconstraint\.\w+|\bparams\.\w+|\bdist\.\w+/, "a field of the API"],
  [/\bCFG schema\b/, "a grammar is no schema"],
  [/\bMend\b/, "Correct is the usual word"],
  [/\bnull\b|\bundefined\b|\bNaN\b/, "a word of programs"],
]);

/** Literals that a file may show: those that are sentences or words between tags, without what is put in. @param {string} source */
function sentences(source) {
  const code = source.replaceAll(/\/\*[^]*?\*\//g, "").replaceAll(/(^|\s)\/\/[^\n]*/g, "$1");
  const quoted = [...code.matchAll(/"((?:[^"\\\n]|\\.)*)"/g)].map(([, text = ""]) => text);
  const between = [...code.matchAll(/>([^<>${}`;]*[a-z][^<>${}`;]*)</g)].map(([, text = ""]) => text);
  const patterns = [...code.matchAll(/`((?:[^`\\]|\\.)*)`/g)].map(([, text = ""]) => text.replaceAll(/\$\{[^]*?\}/g, "…")).filter((text) => !/[<>]/.test(text));
  return [...quoted.filter((text) => !/[<>=]/.test(text)), ...between, ...patterns].filter((text) => !/===|\$\{/.test(text) && /^[^\n]*\w[,.:;]? \w/.test(text.trim()));
}

const SAMPLES = /** @type {[string, string[]][]} */ ([
  ['say("two words"); // "not this"', ["two words"]],
  ["`there are ${count} of ${plural(count, \"one\")} here`", ["there are … of … here"]],
  ["html`<p>Plain text here</p>`", ["Plain text here"]],
  ['const id = "one_word";', []],
]);
for (const [source, expected] of SAMPLES) test(`the sentences of ${source}`, () => assert.deepEqual(sentences(source), expected));

for (const folder of ["view", "state"]) test(`no sentence of ${folder}/ has words of the API or that puzzle`, () => {
  const home = new URL(`../${folder}/`, import.meta.url);
  const found = readdirSync(home).flatMap((name) => sentences(readFileSync(new URL(name, home), "utf8")).flatMap((text) =>
    FORBIDDEN.filter(([word]) => word.test(text)).map(([word, why]) => `${folder}/${name}: ${JSON.stringify(text)} (${word.exec(text)?.[0]}: ${why})`)));
  assert.deepEqual(found, []);
});
