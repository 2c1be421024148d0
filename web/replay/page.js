// A session as one HTML file that replays it without a model, a server or a network.

import { joinSplit } from "../lib/split_characters.js";
import { LINES_UNDER, MEASURES, SHADES, tintLevel } from "../lib/tint.js";
import { certainty } from "../state/recorded.js";
import { completionOf } from "../state/session.js";
import { writeSession } from "../state/session_file.js";
import { DATA } from "./data.js";
import { picked } from "./picked.js";
import { play } from "./player.js";
import { STYLE } from "./style.js";

/** @import { Session, TokenNode } from "../types/app" */

/** @typedef {{ text: string, levels: (number | null)[] }} Word a token as it is read, and how strongly each measure tints it */
/** @typedef {{ measures: { label: string, low: string, high: string, about: string }[], shades: number[], lines: number[], words: Word[][] }} Looks `words` by branch */

/**
 * @param {Session} session
 */
export function replayPage(session) {
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
<header>
<h1>A session of Tokenscope</h1><span class="soft" id="model"></span><span class="gap"></span>
<div class="choice" id="branches" role="radiogroup" aria-label="Input"></div>
<div class="choice" role="radiogroup" aria-label="Theme">${["auto", "light", "dark"].map((name) => `<label><input type="radio" name="theme" value="${name}"${name === "auto" ? " checked" : ""}>${name}</label>`).join("")}</div>
</header>
<main>
<section class="reading" id="reading" aria-label="Text" tabindex="0"><div class="middle">
<div class="tint"><div class="choice" id="measures" role="radiogroup" aria-label="Tint by"></div><span class="soft" id="legend"><span id="low"></span><span id="scale" aria-hidden="true"></span><span id="high"></span></span></div>
<div id="system"><p class="soft">System message</p><div class="says" id="system-text"></div></div>
<p class="soft" id="prompt-name">Prompt</p><div class="says" id="prompt-text"></div>
<div id="words" role="group" aria-label="Completion"></div>
<p class="soft about">Recorded from a language model, token by token: point at a token, or tap it, to see what it was picked from. <span class="wide">Keys: <kbd>Space</kbd> plays, <kbd>←</kbd> <kbd>→</kbd> step, <kbd>Home</kbd> and <kbd>End</kbd> go to the ends.</span><br>Made with Tokenscope, a program that shows on your own computer how a language model picks its next token. Open this file there, under “Save and open”, to go on from any token.</p>
</div></section>
<section id="panel" aria-labelledby="pick" tabindex="0">
<h2 id="pick"></h2><p id="how" class="soft"></p><p id="none" class="soft">No distribution was recorded for this token.</p>
<table id="table"><thead><tr><th scope="col">token</th><th scope="col"><span class="sr">probability from 0 to 1</span><span class="axis" aria-hidden="true"><span>0</span><span id="top">1</span></span></th><th scope="col" class="number">final</th><th scope="col" class="number">raw</th></tr></thead><tbody id="rows"></tbody></table>
<p class="soft" id="bars"><span class="swatch raw"></span>raw: what the model says<span class="swatch final"></span>final: the chances in the draw</p>
</section>
</main>
<footer>
${button("start", "Start", "To the start (Home)", "M4 3.5v9M12.5 3.5v9L6 8z")}${button("back", "Back", "One token back (←)", "M10.5 3.5v9L4 8z")}<button type="button" id="play" title="Play and pause (Space)">Play</button>${button("forward", "Forward", "One token on (→)", "M5.5 3.5v9L12 8z")}${button("end", "End", "To the end (End)", "M12 3.5v9M3.5 3.5v9L10 8z")}
<select id="speed" aria-label="Speed">${[1, 2, 4, 8, 16].map((rate) => `<option value="${1000 / rate}"${rate === 4 ? " selected" : ""}>${rate} a second</option>`).join("")}</select>
<input type="range" id="place" min="0" value="0" aria-label="Tokens written"><span class="soft" id="count" role="status"></span>
</footer>
${DATA}${inScript(writeSession(session))}</script>
<script type="application/json" id="looks">${inScript(JSON.stringify(looksOf(session)))}</script>
<script>(${play})(document, ${picked});</script>
</body>
</html>
`;
}

/**
 * @param {string} id
 * @param {string} label
 * @param {string} about
 * @param {string} path
 */
function button(id, label, about, path) {
  return `<button type="button" id="${id}" aria-label="${label}" title="${about}"><svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d="${path}"/></svg></button>`;
}

/**
 * In JSON a "<" can only be inside a text, where it may be written otherwise; so nothing in the session can end
 * the element that it stands in.
 * @param {string} json
 */
function inScript(json) {
  return json.replaceAll("<", "\\u003c");
}

/**
 * What the page knows about tokens and the player, which stands alone, cannot work out.
 * @param {Session} session
 * @returns {Looks}
 */
function looksOf(session) {
  return { measures: MEASURES.map(({ label, low, high, about }) => ({ label, low, high, about })), shades: SHADES, lines: LINES_UNDER, words: session.branches.map(({ leaf }) => wordsOf(completionOf(session, leaf))) };
}

/**
 * @param {TokenNode[]} path
 * @returns {Word[]}
 */
function wordsOf(path) {
  const joined = joinSplit(path.map((node) => node.token));
  return path.map((node, index) => {
    const part = joined.get(index);
    const text = part ? (part.part === 0 ? part.text : "·") : node.token.special ? node.token.display : node.token.text;
    return { text, levels: MEASURES.map(({ id }) => tintLevel(id, certainty(node))) };
  });
}
