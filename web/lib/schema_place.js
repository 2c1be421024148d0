// Which part of a JSON schema says what may stand at a place of the document.

/** @import { JsonNode } from "./json_text.js" */

/** @typedef {{ start: number, end: number }} Range of a text */

/** Steps of a path such as $.items[0].name or $["two words"]. */
const STEP = /\.([^.[\]]+)|\[("(?:[^"\\]|\\.)*")\]|\[(\d+)\]/gy;

/**
 * The members of `properties` and the like that describe the value at a path, more than one where the schema has
 * alternatives. None for the whole document, and where the text is no schema that says it.
 * @param {JsonNode | null} root the schema; null if its text is no document
 * @param {string} path
 * @returns {Range[]}
 */
export function placesInSchema(root, path) {
  if (!root) return [];
  let found = /** @type {{ range: Range, node: JsonNode }[]} */ ([{ range: root, node: root }]);
  const steps = [...path.slice(1).matchAll(STEP)].map(([, name, quoted, index]) => (index === undefined ? keyOf(name ?? quoted ?? "") : Number(index)));
  if (steps.length === 0) return [];
  for (const step of steps) found = found.flatMap(({ node }) => meanings(node, root)).flatMap((node) => (typeof step === "number" ? itemsOf(node, step) : membersOf(node, step)));
  const ranges = [...new Map(found.map(({ range: { start, end } }) => [start, { start, end }])).values()];
  return ranges.sort((a, b) => a.start - b.start).filter(({ start }, index) => index === 0 || start >= (ranges[index - 1]?.end ?? 0));
}

/** @param {string} name @returns {string} */
function keyOf(name) {
  if (!name.startsWith('"')) return name;
  try {
    return JSON.parse(name);
  } catch {
    return name.slice(1, -1);
  }
}

/**
 * A schema, what it refers to, and its alternatives.
 * @param {JsonNode} schema
 * @param {JsonNode} root
 * @param {Set<JsonNode>} [seen] against references that go in circles
 * @returns {JsonNode[]}
 */
function meanings(schema, root, seen = new Set()) {
  if (seen.has(schema)) return [];
  seen.add(schema);
  const target = schema.members.get("$ref")?.node.text;
  const parts = ["allOf", "anyOf", "oneOf"].flatMap((word) => schema.members.get(word)?.node.items ?? []);
  const referred = target?.startsWith("#") ? pointed(root, target.slice(1)) : null;
  return [schema, ...[...(referred ? [referred] : []), ...parts].flatMap((one) => meanings(one, root, seen))];
}

/**
 * What a JSON pointer points at.
 * @param {JsonNode} root
 * @param {string} pointer
 */
function pointed(root, pointer) {
  let node = /** @type {JsonNode | undefined} */ (root);
  for (const part of pointer.split("/").slice(1)) {
    const key = part.replaceAll("~1", "/").replaceAll("~0", "~");
    node = node?.members.get(key)?.node ?? node?.items[Number(key)];
  }
  return node ?? null;
}

/** @param {JsonNode} schema @param {string} key */
function membersOf(schema, key) {
  const own = schema.members.get("properties")?.node.members.get(key);
  const fitting = [...(schema.members.get("patternProperties")?.node.members ?? [])].filter(([pattern]) => matches(pattern, key)).map(([, member]) => member);
  const rest = schema.members.get("additionalProperties");
  const members = own ? [own] : fitting.length > 0 ? fitting : rest ? [rest] : [];
  return members.map(({ start, node }) => ({ range: { start, end: node.end }, node }));
}

/** @param {JsonNode} schema @param {number} index */
function itemsOf(schema, index) {
  const items = schema.members.get("items");
  const listed = (schema.members.get("prefixItems")?.node ?? items?.node)?.items[index];
  if (listed) return [{ range: listed, node: listed }];
  return items && items.node.items.length === 0 ? [{ range: { start: items.start, end: items.node.end }, node: items.node }] : [];
}

/** @param {string} pattern @param {string} key */
function matches(pattern, key) {
  try {
    return new RegExp(pattern, "u").test(key);
  } catch {
    return false;
  }
}
