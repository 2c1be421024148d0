// The server's stream of states. The only file that opens one.

/** @import { ModelStatus } from "../types/wire" */

/**
 * Tells every state that the server sends, until closed. A stream that breaks is closed and told
 * once; whoever opened it has other ways to ask.
 * @param {(status: ModelStatus) => void} onStatus
 * @param {() => void} onBroken
 * @returns {() => void} closes the stream; nothing is told after that
 */
export function openStatusEvents(onStatus, onBroken) {
  const source = new EventSource("/api/events");
  let open = true;
  const close = () => {
    open = false;
    source.close();
  };
  const breakOff = () => {
    if (!open) return;
    close();
    onBroken();
  };
  source.addEventListener("status", (event) => {
    if (!open) return;
    const status = readStatus(event.data);
    if (status) onStatus(status);
    else breakOff();
  });
  source.addEventListener("error", breakOff);
  return close;
}

/**
 * @param {string} text
 * @returns {ModelStatus | null}
 */
function readStatus(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
