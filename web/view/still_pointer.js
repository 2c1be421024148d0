// A step or an edit moves other tokens under a pointer that rests. Browsers then say that the pointer has entered
// them, although the user has not moved it and does not ask about them.

let last = { x: NaN, y: NaN };

/** @param {Document} document */
export function listenToMoves(document) {
  document.addEventListener("pointermove", ({ clientX, clientY }) => void (last = { x: clientX, y: clientY }), { capture: true, passive: true });
}

/** Whether the pointer is where it was when it last moved. @param {Pick<PointerEvent, "clientX" | "clientY">} event */
export function isStill({ clientX, clientY }) {
  return clientX === last.x && clientY === last.y;
}
