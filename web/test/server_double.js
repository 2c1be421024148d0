// A server that answers when the test says so, behind the page's own fetch and event streams.

import assert from "node:assert/strict";

/** @typedef {{ path: string, closed: boolean, send: (status: unknown) => void, break: () => void }} Stream */
/** @typedef {{ path: string, body: any, aborted: boolean, answer: (value: unknown, status?: number) => void, stream: () => { line: (value: unknown) => Promise<void>, end: () => Promise<void> }, drop: () => void }} Call */

export function serverDouble() {
  /** @type {Call[]} */
  const calls = [];
  globalThis.fetch = /** @type {any} */ (
    (/** @type {string} */ path, /** @type {RequestInit} */ init) =>
      new Promise((resolve, reject) => {
        if (init.signal?.aborted) return reject(new DOMException("aborted", "AbortError"));
        const call = {
          path,
          body: init.body ? JSON.parse(String(init.body)) : null,
          aborted: false,
          answer: (/** @type {unknown} */ value, status = 200) => resolve(new Response(JSON.stringify(value), { status })),
          /** An answer that comes line by line. */
          stream: () => {
            const { readable, writable } = new TransformStream();
            const [writer, encoder] = [writable.getWriter(), new TextEncoder()];
            resolve(new Response(readable));
            return {
              line: (/** @type {unknown} */ value) => writer.write(encoder.encode(`${JSON.stringify(value)}\n`)),
              end: () => writer.close(),
            };
          },
          drop: () => reject(new TypeError("connection refused")),
        };
        init.signal?.addEventListener("abort", () => {
          call.aborted = true;
          reject(new DOMException("aborted", "AbortError"));
        });
        calls.push(call);
      })
  );

  /**
   * Waits for the next call of a path and takes it from the list.
   * @param {string} path
   * @returns {Promise<Call>}
   */
  async function next(path) {
    for (let patience = 0; patience < 300; patience += 1) {
      const index = calls.findIndex((call) => call.path === path);
      if (index >= 0) return /** @type {Call} */ (calls.splice(index, 1)[0]);
      await pause(5);
    }
    return assert.fail(`${path} was not called`);
  }

  /** @type {Stream[]} */
  const streams = [];
  globalThis.EventSource = /** @type {any} */ (
    class extends EventTarget {
      /** @param {string} path */
      constructor(path) {
        super();
        this.stream = {
          path,
          closed: false,
          // Closed or not: what is on its way cannot be called back.
          send: (/** @type {unknown} */ status) => void this.dispatchEvent(Object.assign(new Event("status"), { data: JSON.stringify(status) })),
          break: () => void this.dispatchEvent(new Event("error")),
        };
        streams.push(this.stream);
      }
      close() {
        this.stream.closed = true;
      }
    }
  );

  return {
    next,
    pending: () => calls.map((call) => call.path),
    /** The event streams opened so far. */
    streams,
  };
}

/** @param {number} ms */
export function pause(ms) {
  return new Promise((wake) => setTimeout(wake, ms));
}
