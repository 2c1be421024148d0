// JSON as it is written: its tokens with their places, of a text that may not have ended yet.

/** @typedef {{ kind: string, start: number, end: number, closed: boolean }} JsonToken `kind` is the bracket, comma or colon itself, "string" or "literal" */

const TOKEN = /\s*(?:([{}[\]:,])|"(?:[^"\\]|\\[^])*("|\\?$)|[-+.\w]+)/y;
/** Numbers and names, whole or as far as they have come. */
const WHOLE = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?|true|false|null)$/;
const BEGUN = /^(?:-?(?:(?:0|[1-9]\d*)(?:\.\d*)?(?:(?<=\d)[eE][-+]?\d*)?)?|t(?:ru?)?|f(?:a(?:ls?)?)?|n(?:ul?)?)$/;

/**
 * Null if the text has something in it that JSON has not.
 * @param {string} text
 * @returns {JsonToken[] | null}
 */
export function jsonTokens(text) {
  const tokens = /** @type {JsonToken[]} */ ([]);
  const length = text.trimEnd().length;
  for (let at = 0; at < length; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (!match) return null;
    const [all, sign, quote] = match;
    const end = TOKEN.lastIndex;
    const start = end - all.trimStart().length;
    if (sign) tokens.push({ kind: sign, start, end, closed: true });
    else if (quote !== undefined) tokens.push({ kind: "string", start, end, closed: quote === '"' });
    else {
      const word = text.slice(start, end);
      const closed = WHOLE.test(word);
      if (!closed && !(end === text.length && BEGUN.test(word))) return null;
      tokens.push({ kind: "literal", start, end, closed });
    }
  }
  return tokens;
}

/**
 * A document, or the beginning of one, in lines; strings stay as they were written. `open` is what would close it,
 * "" if it is complete. Null for what is no JSON.
 * @param {string} text
 * @returns {{ text: string, open: string } | null}
 */
export function layoutJson(text) {
  const tokens = jsonTokens(text);
  if (!tokens || tokens.length === 0) return null;
  const open = /** @type {string[]} */ ([]);
  let [out, next] = ["", "value"];
  const line = () => `\n${"  ".repeat(open.length)}`;
  for (const { kind, start, end } of tokens) {
    const closes = (kind === "}" || kind === "]") && open.at(-1) === kind && (next === "comma" || next === "first");
    if (closes) {
      open.pop();
      out += next === "first" ? kind : line() + kind;
      next = open.length > 0 ? "comma" : "nothing";
      continue;
    }
    const isKey = open.at(-1) === "}" && (next === "first" || next === "key");
    if (kind === "," && next === "comma") {
      next = open.at(-1) === "}" ? "key" : "value";
      out += `,${line()}`;
    } else if (kind === ":" && next === "colon") {
      next = "value";
      out += ": ";
    } else if (isKey && kind === "string") {
      if (next === "first") out += line();
      out += text.slice(start, end);
      next = "colon";
    } else if (!isKey && (next === "value" || next === "first") && !"}],:".includes(kind)) {
      if (next === "first") out += line();
      out += text.slice(start, end);
      if (kind === "{" || kind === "[") open.push(kind === "{" ? "}" : "]");
      next = kind === "{" || kind === "[" ? "first" : open.length > 0 ? "comma" : "nothing";
    } else return null;
  }
  const last = tokens.at(-1);
  const quote = last?.kind === "string" && !last.closed ? '"' : "";
  return { text: out, open: quote + open.reverse().join("") };
}
