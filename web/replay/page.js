// A session as one HTML file that replays it without a model, a server or a network.

import { writeSession } from "../state/session_file.js";
import { play } from "./player.js";

/** @import { Session } from "../types/app" */

/** Where the session stands in such a file. */
const DATA = '<script type="application/json" id="session">';

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e6e8eb); --soft: light-dark(#59616b, #a3abb5); --paper: light-dark(#fbfbf9, #14171c); --line: light-dark(#d9dce0, #343a43); --blue: light-dark(#1d5fc4, #6da3f5); --teal: light-dark(#0c6650, #7ad0b5); --amber: light-dark(#7a4a00, #f0bd62); --fill: light-dark(#eef0f2, #23282f); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1100px; padding: 16px; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { margin: 0; font-size: 20px; } h2 { margin: 0; font-size: 15px; } p { margin: 4px 0; }
.soft, #how, #count { color: var(--soft); font-size: 13px; }
#branches, .controls { display: flex; flex-wrap: wrap; gap: 8px; align-items: center; padding: 12px 0; }
[hidden] { display: none !important; }
button { font: inherit; color: inherit; }
.tab, .controls button { min-height: 36px; padding: 0 12px; border: 1px solid var(--line); border-radius: 4px; background: none; cursor: pointer; }
.tab[aria-pressed="true"] { border-color: var(--blue); box-shadow: inset 0 -2px var(--blue); font-weight: 600; }
button:disabled { color: var(--soft); cursor: default; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 1px; }
.text { margin: 8px 0; padding: 8px 12px; border-left: 3px solid var(--line); white-space: pre-wrap; overflow-wrap: anywhere; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 24px; }
#words { display: flex; flex-wrap: wrap; gap: 4px; align-content: flex-start; min-height: 80px; }
.word { max-width: 100%; min-height: 28px; padding: 0 6px; border: 1px solid transparent; border-radius: 4px; background: var(--fill); color: var(--teal); font: 13px/1.6 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; text-align: left; }
.word.special { color: var(--amber); } .word.forced { text-decoration: underline dotted; } .word.shown { border-color: currentColor; }
table { width: 100%; border-collapse: collapse; margin-top: 8px; font-size: 13px; }
th { font-weight: 400; text-align: left; overflow-wrap: anywhere; } tbody th { font-family: ui-monospace, monospace; white-space: pre-wrap; }
th, td { padding: 4px 6px; border-bottom: 1px solid var(--line); } .number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bars { width: 40%; } .track { position: relative; display: block; height: 12px; } .track span { position: absolute; left: 0; }
.raw { top: 0; bottom: 0; border: 1px solid var(--soft); } .final { top: 3px; height: 6px; background: var(--blue); }
.chosen th { font-weight: 600; } .mark { font-family: system-ui, sans-serif; color: var(--teal); white-space: nowrap; } .cut th, .cut td, .others th { color: var(--soft); } .note { font-size: 11px; color: var(--soft); }
@media (max-width: 700px) { .columns { grid-template-columns: minmax(0, 1fr); } }
`;

/**
 * @param {Session} session
 */
export function replayPage(session) {
  // In JSON a "<" can only be inside a text, where it may be written otherwise; so nothing in the
  // session can end the element that it stands in.
  const data = writeSession(session).replaceAll("<", "\\u003c");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<title>A session of Tokenscope</title>
<style>${STYLE}</style>
</head>
<body>
<h1>A session of Tokenscope</h1>
<p class="soft">Recorded from a language model, token by token. Hover, focus or tap a token to see what it was picked from; step with the arrow keys.</p>
<div id="branches" role="group" aria-label="Branches"></div>
<div id="system"><p class="soft">System message</p><div class="text" id="system-text"></div></div>
<p class="soft">Prompt</p><div class="text" id="prompt-text"></div>
<div class="controls" role="group" aria-label="Steps">
<button type="button" id="start">Start</button><button type="button" id="back">Back</button><button type="button" id="forward">Forward</button><button type="button" id="end">End</button>
<span id="count" role="status"></span>
</div>
<div class="columns">
<div id="words" role="group" aria-label="Completion"></div>
<section aria-labelledby="pick">
<h2 id="pick"></h2><p id="how"></p><p id="none" class="soft">No distribution was recorded for this token.</p>
<table id="table"><thead><tr><th scope="col">token</th><th scope="col">raw (outline) and final (filled)</th><th scope="col" class="number">final</th><th scope="col" class="number">raw</th></tr></thead><tbody id="rows"></tbody></table>
</section>
</div>
${DATA}${data}</script>
<script>(${play})(document);</script>
</body>
</html>
`;
}

/**
 * The session inside such a page as a session file, or null if this is no such page.
 * @param {string} page
 */
export function sessionIn(page) {
  const start = page.indexOf(DATA);
  return start < 0 ? null : page.slice(start + DATA.length, page.indexOf("</script>", start));
}
