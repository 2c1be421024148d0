// How the page learns the server's state: it asks now and then, and listens to the stream while a
// load is under way, only then, because a browser grants a host six connections for all tabs
// together. Each state that is taken makes older questions void, so that a late answer never
// undoes a newer one.

import { ApiError } from "../http/client.js";
import { openStatusEvents } from "../http/events.js";

/** @import { ModelStatus } from "../types/wire" */

/**
 * `delay` says how long to wait before asking again; with a stream, how long it may keep silent.
 * `trusts` says whether a state that comes unasked may be taken without asking.
 * @param {{ read: () => Promise<ModelStatus>, take: (status: ModelStatus) => void, fail: (error: ApiError) => void,
 *   trusts: (status: ModelStatus) => boolean, delay: (streaming: boolean) => number }} page
 */
export function createStatusFeed(page) {
  let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  let questions = 0;
  /** One that broke is not opened again for the same load; one that was never heard replaces no question. */
  let stream = /** @type {"none" | "open" | "heard" | "broken"} */ ("none");
  let close = () => {};

  async function ask() {
    questions += 1;
    const mine = questions;
    clearTimeout(timer);
    try {
      const status = await page.read();
      if (mine === questions) take(status);
    } catch (error) {
      if (mine !== questions) return;
      if (!(error instanceof ApiError)) throw error;
      page.fail(error);
    } finally {
      if (mine === questions) askLater();
    }
  }

  function askLater() {
    clearTimeout(timer);
    timer = setTimeout(ask, page.delay(stream === "heard"));
  }

  /** @param {ModelStatus} status */
  function hear(status) {
    if (!page.trusts(status)) return void ask();
    questions += 1;
    stream = "heard";
    take(status);
    askLater();
  }

  /** @param {ModelStatus} status */
  function take(status) {
    page.take(status);
    if (!status.loading) stopListening();
    else if (stream === "none") {
      stream = "open";
      close = openStatusEvents(hear, () => {
        stream = "broken";
        void ask();
      });
    }
  }

  function stopListening() {
    close();
    close = () => {};
    stream = "none";
  }

  return { ask };
}
