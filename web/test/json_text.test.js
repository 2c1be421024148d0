// JSON as a completion writes it, laid out, and the place of a path in a schema.

import assert from "node:assert/strict";
import { test } from "node:test";
import { layoutJson, parseJson } from "../lib/json_text.js";
import { placesInSchema } from "../lib/schema_place.js";

const LAYOUTS = /** @type {[string, string, string][]} */ ([
  // as it was written, in lines, what would close it
  ["{", "{", "}"],
  ["{}", "{}", ""],
  [' {"a" : 1,"b":[true , null]} ', '{\n  "a": 1,\n  "b": [\n    true,\n    null\n  ]\n}', ""],
  ['{"na', '{\n  "na', '"}'],
  ['{"name"', '{\n  "name"', "}"],
  ['{"name":', '{\n  "name": ', "}"],
  ['{"name":"Jo \\" {', '{\n  "name": "Jo \\" {', '"}'],
  ['{"a":"\\u00e9\\n\\', '{\n  "a": "\\u00e9\\n\\', '"}'],
  ['{"a":1,', '{\n  "a": 1,\n  ', "}"],
  ["[[],{}", "[\n  [],\n  {}", "]"],
  ["[1, -", "[\n  1,\n  -", "]"],
  ["[12.", "[\n  12.", "]"],
  ["[1.5e", "[\n  1.5e", "]"],
  ["[tru", "[\n  tru", "]"],
  ['[{"x":[', '[\n  {\n    "x": [', "]}]"],
  ['"Paris"', '"Paris"', ""],
  ["-0.5", "-0.5", ""],
]);
for (const [written, lines, open] of LAYOUTS) test(`${written} is laid out`, () => assert.deepEqual(layoutJson(written), { text: lines, open }));

const OTHERS = ["", "  ", "Paris", "yes\nno", "{]", "[}", "[1 2]", "{1:2}", '{"a" 1}', '{"a":}', "[,1]", "[1,]", "{} {}", "[tru,", "[01]", "[1e]", "{'a'", '{"a":1}x', "}"];
for (const text of OTHERS) test(`${JSON.stringify(text)} is no JSON`, () => assert.equal(layoutJson(text), null));

test("a document is read with its places", () => {
  const text = '{"a": [1, {"b": "\\u0061"}]}';
  const b = parseJson(text)?.members.get("a")?.node.items[1]?.members.get("b");
  assert.deepEqual([b?.node.text, text.slice(b?.start, b?.node.end)], ["a", '"b": "\\u0061"']);
  assert.equal(parseJson('{"a": '), null);
});

const SCHEMA = `{
  "type": "object",
  "properties": {
    "name": { "type": "string" },
    "home": { "$ref": "#/$defs/place" },
    "two words": { "enum": [1, 2] },
    "list": { "type": "array", "prefixItems": [{ "const": 0 }], "items": { "properties": { "x": { "type": "number" } } } },
    "either": { "anyOf": [{ "properties": { "kind": { "const": "a" } } }, { "properties": { "kind": { "const": "b" } } }] }
  },
  "patternProperties": { "^n_": { "type": "null" } },
  "additionalProperties": { "$ref": "#" },
  "$defs": { "place": { "properties": { "street": { "maxLength": 9 }, "in": { "$ref": "#/$defs/place" } } } }
}`;
const PLACES = /** @type {[string, string[]][]} */ ([
  ["$", []],
  ["$.name", ['"name": { "type": "string" }']],
  ["$.home", ['"home": { "$ref": "#/$defs/place" }']],
  ["$.home.street", ['"street": { "maxLength": 9 }']],
  ["$.home.in.in.street", ['"street": { "maxLength": 9 }']],
  ['$["two words"]', ['"two words": { "enum": [1, 2] }']],
  ["$.list[0]", ['{ "const": 0 }']],
  ["$.list[3].x", ['"x": { "type": "number" }']],
  ["$.either.kind", ['"kind": { "const": "a" }', '"kind": { "const": "b" }']],
  ["$.n_1", ['"^n_": { "type": "null" }']],
  ["$.other.name", ['"name": { "type": "string" }']],
  ["$.name.first", []],
]);
for (const [path, texts] of PLACES) test(`the place of ${path} in a schema`, () => assert.deepEqual(placesInSchema(parseJson(SCHEMA), path).map(({ start, end }) => SCHEMA.slice(start, end)), texts));

test("references in circles and texts that are no schema have no place", () => {
  for (const schema of ['{"$ref": "#"}', '{"$ref": "#/$defs/none"}', "[1]", "{", ""]) assert.deepEqual(placesInSchema(parseJson(schema), "$.a"), [], schema);
});
