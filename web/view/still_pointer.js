// Tokens that come under a pointer that rests are not pointed at: after a step or an edit others stand there, and
// nobody has asked about them. Browsers tell of them as if the pointer had come.

let last = { x: NaN, y: NaN };

/** @param {Document} document */
export function listenToMoves(document) {
  document.addEventListener("pointermove", ({ clientX, clientY }) => void (last = { x: clientX, y: clientY }), { capture: true, passive: true });
}

/** Whether the pointer is where it was when it last moved. @param {Pick<PointerEvent, "clientX" | "clientY">} event */
export function isStill({ clientX, clientY }) {
  return clientX === last.x && clientY === last.y;
}
