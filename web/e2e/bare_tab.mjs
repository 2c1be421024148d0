// A tab that nobody looks into. What playwright opens has the developer tools' network panel on, for which the
// browser reads a script again to say which line asked for what: 10 to 20 ms of a first visit.

/** @import { Browser } from "@playwright/test" */

/**
 * A tab with a profile of its own.
 * @param {Browser} browser
 * @param {{ width: number, height: number }} size
 */
export async function attach(browser, size) {
  const cdp = await browser.newBrowserCDPSession();
  const { browserContextId } = await cdp.send("Target.createBrowserContext");
  const { targetId } = await cdp.send("Target.createTarget", { url: "about:blank", browserContextId, ...size });
  const { sessionId } = await cdp.send("Target.attachToTarget", { targetId });
  const waiting = /** @type {Map<number, (answer: { result?: any, error?: { message: string } }) => void>} */ (new Map());
  cdp.on("Target.receivedMessageFromTarget", ({ message }) => {
    const answer = JSON.parse(message);
    waiting.get(answer.id)?.(answer);
    waiting.delete(answer.id);
  });
  let id = 0;
  return {
    /**
     * @param {string} method of the Chrome DevTools Protocol
     * @param {object} [params]
     * @returns {Promise<any>}
     */
    async send(method, params = {}) {
      id += 1;
      const answered = new Promise((resolve) => waiting.set(id, resolve));
      await cdp.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params }) });
      const { result, error } = await answered;
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    async close() {
      await cdp.send("Target.disposeBrowserContext", { browserContextId });
      await cdp.detach();
    },
  };
}
