// Questions where only the newest answer counts: what a text means, what a knob does, what a search finds.

/**
 * `work` reads what it is about when it begins, and is told by its signal when something newer has taken
 * its place. At most one is under way.
 * @param {(signal: AbortSignal) => Promise<unknown>} work
 */
export function newestOnly(work) {
  let timer = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
  let underWay = /** @type {AbortController | null} */ (null);
  let again = false;

  async function begin() {
    const mine = new AbortController();
    underWay = mine;
    again = false;
    try {
      await work(mine.signal);
    } finally {
      if (underWay === mine) {
        underWay = null;
        if (again) void begin();
      }
    }
  }

  function cancel() {
    clearTimeout(timer);
    underWay?.abort();
    underWay = null;
    again = false;
  }

  return {
    cancel,
    /**
     * In place of what is under way, which is no longer wanted.
     * @param {number} [delayMs]
     */
    instead(delayMs = 0) {
      cancel();
      timer = setTimeout(() => void begin(), delayMs);
    },
    /**
     * At once, or as soon as what is under way has ended. That is quick, and its result is worth seeing: a
     * slider that moves on with each frame would otherwise cut off every answer but the last.
     */
    next() {
      clearTimeout(timer);
      if (underWay) again = true;
      else void begin();
    },
    /** Something newer waits for what is under way. */
    waits: () => again,
  };
}
