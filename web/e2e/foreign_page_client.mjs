// Somebody else's page: makes requests to a server in all ways that a page has, and reports what it could read
// of them. `foreign_page.mjs` gives it out.

const query = new URLSearchParams(location.search);
const target = query.get("target") ?? "";
const wanted = Number(query.get("requests"));

const LONG = "a".repeat(1500);
const STEP = '{"prompt": "t5", "use_chat_template": false}';
const LOAD = '{"model_id": "builtin:smollm2-135m-instruct"}';
/** Requests begin so far apart: a page that makes all at once is busy with itself. */
const APART_MS = 25;
/** A request without an end of its own is given up after so long. */
const PATIENCE_MS = 3000;

let made = 0;

/** An address that no request has had before: of two for the same thing a browser may leave one out. @param {string} path */
function at(path) {
  made += 1;
  return `${target}${path}${path.includes("?") ? "&" : "?"}n=${made}`;
}

const tokens = () => at(`/api/tokens?text=${LONG}`);

/** An element that loads something. If it loads, that is told. @param {string} tag @param {Record<string, string>} attributes */
function element(tag, attributes) {
  return new Promise((resolve) => {
    const one = document.createElement(tag);
    one.addEventListener("load", () => resolve(`<${tag}> was loaded`));
    one.addEventListener("loadeddata", () => resolve(`<${tag}> was loaded`));
    one.addEventListener("error", () => resolve(""));
    for (const [name, value] of Object.entries(attributes)) one.setAttribute(name, value);
    document.body.append(one);
  });
}

/** What is in a window that was led to the server. @param {Window | null} other */
function within(other) {
  try {
    // The server's answers cut a window loose from whoever opened it. What it was before is this page's own.
    if (!other || other.closed || !other.document || other.location.href === "about:blank") return "";
    return `a document could be read: ${other.document.documentElement.outerHTML}`;
  } catch {
    return "";
  }
}

/** @param {(frame: HTMLIFrameElement) => void} lead */
function framed(lead) {
  return new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.name = `frame${Math.random()}`;
    document.body.append(frame);
    frame.addEventListener("load", () => resolve(within(frame.contentWindow)));
    lead(frame);
  });
}

/** A form in a frame. @param {string} method @param {string} path @param {string} enctype @param {string} text */
function form(method, path, enctype, text) {
  return framed((frame) => {
    const one = Object.assign(document.createElement("form"), { method, action: at(path), enctype, target: frame.name });
    // As text it is JSON.
    const half = Math.floor(text.length / 2);
    one.append(Object.assign(document.createElement("input"), { type: "hidden", name: text.slice(0, half), value: text.slice(half) }));
    document.body.append(one);
    one.submit();
  });
}

/** @param {string} address @param {RequestInit} [init] */
async function fetched(address, init) {
  try {
    const response = await fetch(address, init);
    const text = await response.text();
    return response.type === "opaque" && text === "" ? "" : `status ${response.status}: ${text}`;
  } catch {
    return "";
  }
}

/** @param {string} path @param {string} type @param {string} body */
function beacon(path, type, body) {
  navigator.sendBeacon(at(path), new Blob([body], { type }));
  return "";
}

/** @param {EventTarget & { close(): void }} source */
function listened(source) {
  return new Promise((resolve) => {
    const end = (/** @type {string} */ read) => (source.close(), resolve(read));
    source.addEventListener("open", () => end("it was opened"));
    source.addEventListener("message", () => end("it said something"));
    source.addEventListener("error", () => end(""));
  });
}

/** @param {string} address */
function windowed(address) {
  return new Promise((resolve) => {
    const other = window.open(address);
    setTimeout(() => {
      resolve(within(other));
      other?.close();
    }, 1000);
  });
}

function asked() {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open("GET", at("/api/catalog"));
    request.addEventListener("load", () => resolve(request.responseText));
    request.addEventListener("error", () => resolve(""));
    request.send();
  });
}

const text = { "content-type": "text/plain" };
const json = { "content-type": "application/json" };
const post = (/** @type {Record<string, string>} */ headers, /** @type {string} */ body) => ({ method: "POST", headers, body });

const KINDS = /** @type {[string, () => string | Promise<string>][]} */ ([
  ["image of tokens", () => element("img", { src: tokens() })],
  ["image of the status", () => element("img", { src: at("/api/model/status") })],
  ["image of the page's sign", () => element("img", { src: at("/favicon.svg") })],
  ["script", () => element("script", { src: at("/app.js") })],
  ["script of tokens", () => element("script", { src: tokens() })],
  ["module", () => import(at("/app.js")).then(() => "it was imported", () => "")],
  ["style sheet", () => element("link", { rel: "stylesheet", href: at("/app.css") })],
  // Firefox tells of refusals, too, that they have come.
  ["preloaded tokens", () => element("link", { rel: "preload", as: "image", href: tokens() }).then(() => "")],
  ["video", () => element("video", { src: tokens(), preload: "auto" })],
  ["object", () => element("object", { data: tokens(), type: "image/png" })],
  ["frame of tokens", () => framed((frame) => (frame.src = tokens()))],
  ["frame of the page", () => framed((frame) => (frame.src = at("/")))],
  ["form for a step, as text", () => form("post", "/api/step", "text/plain", STEP)],
  ["form for a load, as text", () => form("post", "/api/model/load", "text/plain", LOAD)],
  ["form in parts", () => form("post", "/api/preview", "multipart/form-data", STEP)],
  ["form for tokens", () => form("get", "/api/tokens", "application/x-www-form-urlencoded", `text${LONG}`)],
  ["fetch of tokens without CORS", () => fetched(tokens(), { mode: "no-cors" })],
  ["fetch of tokens without CORS, with cookies", () => fetched(tokens(), { mode: "no-cors", credentials: "include" })],
  ["fetch for a preview without CORS, as text", () => fetched(at("/api/preview"), { ...post(text, STEP), mode: "no-cors" })],
  ["fetch for a load without CORS, as text", () => fetched(at("/api/model/load"), { ...post(text, LOAD), mode: "no-cors" })],
  ["fetch to cancel without CORS", () => fetched(at("/api/model/cancel"), { method: "POST", mode: "no-cors" })],
  ["fetch of the status", () => fetched(at("/api/model/status"))],
  ["fetch for a step, as JSON", () => fetched(at("/api/step"), post(json, STEP))],
  ["fetch for a constraint, as text", () => fetched(at("/api/constraint/check"), post(text, '{"constraint": {}}'))],
  ["fetch with a method of its own", () => fetched(at("/api/model/status"), { method: "PUT" })],
  ["request of the old kind", asked],
  ["beacon, as text", () => beacon("/api/model/load", "text/plain", LOAD)],
  ["beacon, as JSON", () => beacon("/api/step", "application/json", STEP)],
  ["events", () => listened(new EventSource(at("/api/events")))],
  ["socket", () => listened(new WebSocket(at("/api/events").replace("http", "ws")))],
  ["window of tokens", () => windowed(tokens())],
  ["window of the catalog", () => windowed(at("/api/catalog"))],
]);

/** @param {number} number */
async function outcome(number) {
  await new Promise((wake) => setTimeout(wake, number * APART_MS));
  const [kind, ask] = /** @type {[string, () => string | Promise<string>]} */ (KINDS[number % KINDS.length]);
  const late = new Promise((resolve) => setTimeout(() => resolve(""), PATIENCE_MS));
  return { kind, read: String(await Promise.race([Promise.resolve().then(ask), late])) };
}

const outcomes = await Promise.all(Array.from({ length: wanted }, (_, number) => outcome(number)));
// Not even the sizes of answers are told.
for (const entry of performance.getEntriesByType("resource")) {
  const { name, decodedBodySize, transferSize } = /** @type {PerformanceResourceTiming} */ (entry);
  if (name.startsWith(target) && decodedBodySize + transferSize > 0) outcomes.push({ kind: "sizes", read: `${name} has ${decodedBodySize} bytes` });
}
// Beacons are under way.
setTimeout(() => fetch("/report", { method: "POST", body: JSON.stringify(outcomes) }), 1000);

export {};
