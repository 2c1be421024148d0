// Line icons, drawn in the colour of the text beside them.

import { html } from "../html.js";

const PATHS = {
  play: "M5 3.5v9l7.5-4.5z",
  pause: "M5.5 3.5v9M10.5 3.5v9",
  step: "M4 3.5v9l6-4.5zM12 3.5v9",
  finish: "M2.5 3.5v9L8 8zM8 3.5v9L13.5 8z",
  stop: "M4 4h8v8H4z",
  back: "M13.5 4.5v7H6L2.5 8 6 4.5zM8 6.5l3 3M11 6.5l-3 3",
  close: "M4 4l8 8M12 4l-8 8",
  chevron: "M4 6l4 4 4-4",
  settings: "M2.5 4.5h6M11.5 4.5h2M2.5 11.5h2M7.5 11.5h6M8.5 4.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0M4.5 11.5a1.5 1.5 0 1 0 3 0a1.5 1.5 0 1 0-3 0",
  arrow: "M2.5 8h10M9 4.5L12.5 8 9 11.5",
  library: "M3 3.5a1 1 0 0 1 1-1h8.5v9H4a1 1 0 0 0-1 1zM3 12.5a1 1 0 0 0 1 1h8.5v-2M5.5 5.5h4.5",
  fork: "M4.5 2.5v11M4.5 9c0-2.5 7-1.5 7-5V2.5M9.5 4.5l2-2 2 2",
  help: "M5.8 6a2.2 2.2 0 1 1 3.3 1.9c-.7.4-1.1.9-1.1 1.8M8 12.2v.1",
  duplicate: "M6 5.5h7.5v8H6zM3 10.5v-8h7",
  rename: "M3 13l.7-3L11 2.8l2.2 2.2L6 12.3zM9.5 4.3l2.2 2.2",
  restart: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  files: "M2.5 13.5v-10h4l1.5 2h5.5v8zM8 7.5v4M6.2 9.8L8 11.6l1.8-1.8",
  picture: "M2.5 3.5h11v9h-11zM2.5 11l3-3 2.5 2.5 2-2 3.5 3M10.2 6.2v.1",
  trash: "M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5l.6 9h5.8l.6-9M7 7v4M9 7v4",
  projector: "M2.5 3.5h11v7h-11zM8 10.5v2.5M5.5 13.5h5",
  undo: "M6 3.5L2.5 7 6 10.5M3 7h6.5a3.5 3.5 0 0 1 0 7H7",
  redo: "M10 3.5L13.5 7 10 10.5M13 7H6.5a3.5 3.5 0 0 0 0 7H9",
  auto: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
  light: "M8 5a3 3 0 1 0 0 6a3 3 0 1 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  dark: "M13 9.8A5.5 5.5 0 1 1 6.2 3a4.5 4.5 0 0 0 6.8 6.8z",
};

/** @param {{ name: keyof typeof PATHS }} props */
export function Icon({ name }) {
  return html`<svg class=${`icon icon-${name}`} viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d=${PATHS[name]} /></svg>`;
}
