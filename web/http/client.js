// One function per route. The only file that fetches.

/** @import { Catalog, ErrorBody, LoadResponse, ModelStatus, PreviewRequest, PreviewResponse, StepRequest, StepResponse } from "../types/wire" */

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
    this.status = status;
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
 * @param {string} method
 * @param {string} path
 * @param {unknown} [body]
 * @param {AbortSignal} [signal]
 */
async function request(method, path, body, signal) {
  const response = await fetch(path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? null : JSON.stringify(body),
    signal: signal ?? null,
  }).catch((error) => {
    throw isAbort(error) ? error : new ApiError(UNREACHABLE, 0);
  });
  const text = await response.text().catch((error) => {
    throw isAbort(error) ? error : new ApiError(UNREACHABLE, 0);
  });
  if (!response.ok) throw new ApiError(readErrorBody(text, response.status), response.status);
  try {
    return JSON.parse(text);
  } catch {
    throw new ApiError(readErrorBody(text, response.status), response.status);
  }
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
    };
  } catch {
    return unknown;
  }
}
