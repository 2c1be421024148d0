// One function per route. The only file that fetches.

/** @import { AttributionLine, Failure } from "../types/app" */
/** @import { AttributionRequest, AttributionResponse, Catalog, CheckResponse, ChoicesResponse, ConstraintParams, ErrorBody, LoadResponse, MatrixHeader, MatrixRow, ModelStatus, PreviewRequest, PreviewResponse, StepRequest, StepResponse, TokensResponse } from "../types/wire" */

/** An answer that is not a success, or no answer at all (status 0). */
export class ApiError extends Error {
  /**
   * @param {ErrorBody} body
   * @param {number} status
   */
  constructor(body, status) {
    super(body.detail);
    this.name = "ApiError";
    this.detail = body.detail;
    this.code = body.code;
    this.hint = body.hint;
    this.tokenIndex = body.token_index;
    this.status = status;
  }

  /** What the page remembers of it. @returns {Failure} */
  failure() {
    const { detail, hint, code, tokenIndex } = this;
    return { detail, hint, code, ...(tokenIndex === undefined ? {} : { tokenIndex }) };
  }
}

/** @param {unknown} error */
export function isAbort(error) {
  return error instanceof DOMException && error.name === "AbortError";
}

/** @returns {Promise<ModelStatus>} */
export function fetchStatus() {
  return request("GET", "/api/model/status");
}

/** @returns {Promise<Catalog>} */
export function fetchCatalog() {
  return request("GET", "/api/catalog");
}

/**
 * @param {string} modelId
 * @returns {Promise<LoadResponse>}
 */
export function loadModel(modelId) {
  return request("POST", "/api/model/load", { model_id: modelId });
}

/** @returns {Promise<LoadResponse>} */
export function cancelLoad() {
  return request("POST", "/api/model/cancel");
}

/**
 * @param {PreviewRequest} body
 * @param {AbortSignal} signal
 * @returns {Promise<PreviewResponse>}
 */
export function preview(body, signal) {
  return request("POST", "/api/preview", body, signal);
}

/**
 * @param {StepRequest} body
 * @param {AbortSignal} signal
 * @returns {Promise<StepResponse>}
 */
export function step(body, signal) {
  return request("POST", "/api/step", body, signal);
}

/**
 * @param {ConstraintParams} constraint
 * @param {AbortSignal} signal
 * @returns {Promise<CheckResponse>}
 */
export function checkConstraint(constraint, signal) {
  return request("POST", "/api/constraint/check", { constraint }, signal);
}

/**
 * @param {PreviewRequest} body
 * @param {AbortSignal} signal
 * @returns {Promise<ChoicesResponse>}
 */
export function compareChoices(body, signal) {
  return request("POST", "/api/constraint/choices", body, signal);
}

/**
 * @param {string} text
 * @param {number} limit
 * @param {AbortSignal} signal
 * @returns {Promise<TokensResponse>}
 */
export function findTokens(text, limit, signal) {
  return request("GET", `/api/tokens?${new URLSearchParams({ query: text, limit: String(limit) })}`, undefined, signal);
}

/**
 * Tells how far it is, from 0 to 1, while that takes long, and what has been found. Hanging up ends the work on the server.
 * @param {AttributionRequest} body
 * @param {AbortSignal} signal
 * @param {(line: AttributionLine) => void} onProgress
 * @returns {Promise<AttributionResponse>}
 */
export async function attribution(body, signal, onProgress) {
  const response = await send("POST", "/api/attribution", { body, signal, accept: LINES });
  if (!response.ok) throw await refusal(response);
  for await (const line of linesOf(response)) {
    const value = parse(line, response.status);
    if ("progress" in value) onProgress(value);
    else if ("detail" in value) throw new ApiError(readErrorBody(line, response.status), response.status);
    else return value;
  }
  throw new ApiError(UNREACHABLE, 0);
}

/**
 * The attributions of all generated tokens, row by row after a header. Ends after the last row;
 * an answer that breaks off is an error.
 * @param {AttributionRequest} body
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<MatrixHeader | MatrixRow, void>}
 */
export async function* attributionMatrix(body, signal) {
  const response = await send("POST", "/api/attribution/matrix", { body, signal });
  if (!response.ok) throw await refusal(response);
  for await (const line of linesOf(response)) {
    const value = parse(line, response.status);
    if ("detail" in value) throw new ApiError(readErrorBody(line, response.status), response.status);
    if ("done" in value) return;
    yield value;
  }
  throw new ApiError(UNREACHABLE, 0);
}

/** JSON values, one a line. */
const LINES = "application/x-ndjson";

/**
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 */
async function request(method, path, body, signal) {
  const response = await send(method, path, { body, signal });
  if (!response.ok) throw await refusal(response);
  return parse(await heard(response.text()), response.status);
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{ body?: unknown, signal?: AbortSignal | undefined, accept?: string }} more
 */
function send(method, path, { body, signal, accept }) {
  const headers = { ...(body === undefined ? {} : { "content-type": "application/json" }), ...(accept && { accept }) };
  return heard(fetch(path, { method, headers, body: body === undefined ? null : JSON.stringify(body), signal: signal ?? null }));
}

/**
 * What comes over the wire; a connection that breaks is a server that does not answer.
 * @template T
 * @param {Promise<T>} work
 * @returns {Promise<T>}
 */
async function heard(work) {
  try {
    return await work;
  } catch (error) {
    throw isAbort(error) ? error : new ApiError(UNREACHABLE, 0);
  }
}

/** @param {Response} response */
async function refusal(response) {
  return new ApiError(readErrorBody(await heard(response.text()), response.status), response.status);
}

/**
 * @param {string} text
 * @param {number} status
 */
function parse(text, status) {
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(readErrorBody(text, status), status);
  }
}

/**
 * The lines of an answer as they come.
 * @param {Response} response
 */
async function* linesOf(response) {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  while (reader) {
    const { done, value = "" } = await heard(reader.read());
    const lines = (rest + value).split("\n");
    rest = lines.pop() ?? "";
    yield* lines.filter((line) => line.trim() !== "");
    if (done) break;
  }
  if (rest.trim() !== "") yield rest;
}

const UNREACHABLE = {
  detail: "The Tokenscope server does not answer.",
  code: "unreachable",
  hint: "Start it again; this page goes on by itself.",
};

/**
 * Whatever came back, in the shape of an ErrorBody and never shortened.
 * @param {string} text
 * @param {number} status
 * @returns {ErrorBody}
 */
function readErrorBody(text, status) {
  const unknown = { detail: text.trim() || `The server answered with status ${status}.`, code: "unknown", hint: "" };
  try {
    const body = JSON.parse(text);
    if (typeof body !== "object" || body === null || body.detail === undefined) return unknown;
    return {
      detail: typeof body.detail === "string" ? body.detail : JSON.stringify(body.detail),
      code: typeof body.code === "string" ? body.code : "unknown",
      hint: typeof body.hint === "string" ? body.hint : "",
      ...(typeof body.token_index === "number" ? { token_index: body.token_index } : {}),
    };
  } catch {
    return unknown;
  }
}
