// How an exported page looks. The text has the room; what it was picked from stands beside it, or on a
// phone below, and the controls are always at the foot of the window.

export const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1b1f24, #e9ebee); --soft: light-dark(#57606a, #a4adb8); --paper: light-dark(#fbfbfa, #131519); --panel: light-dark(#ffffff, #1a1d22); --line: light-dark(#e2e4e8, #2b3037); --field: light-dark(#868e98, #69727e); --blue: light-dark(#1a5fd0, #74aaff); --teal: light-dark(#0b6350, #7fdcc2); --teal-fill: light-dark(#dff3ec, #12352d); --amber: light-dark(#7a4700, #f3c56d); --amber-fill: light-dark(#fdf0d6, #39290b); --fill: light-dark(#f0f1f3, #262a31); --red: light-dark(#b3261e, #ff8f85); }
:root[data-theme="light"] { color-scheme: light; } :root[data-theme="dark"] { color-scheme: dark; }
* { box-sizing: border-box; } [hidden] { display: none !important; }
html, body { height: 100%; }
body { margin: 0; display: flex; flex-direction: column; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1, h2, p, fieldset { margin: 0; padding: 0; border: 0; font: inherit; }
button, select, input { font: inherit; color: inherit; accent-color: var(--blue); }
.soft { color: var(--soft); font-size: 13px; }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 1px; }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
header, footer { flex: none; display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; padding: 10px 24px; background: var(--panel); }
header { border-bottom: 1px solid var(--line); } footer { border-top: 1px solid var(--line); }
h1 { font-size: 17px; font-weight: 650; } .gap { flex: 1; }
.choice { display: inline-flex; border: 1px solid var(--line); border-radius: 4px; }
.choice label { position: relative; padding: 3px 10px; color: var(--soft); font-size: 13px; cursor: pointer; border-radius: 3px; }
.choice label:has(:checked) { background: var(--fill); color: var(--ink); font-weight: 600; } .choice label:has(:focus-visible) { outline: 2px solid var(--blue); }
.choice input { position: absolute; opacity: 0; }
main { flex: 1; min-height: 0; display: grid; grid-template-columns: minmax(0, 1fr) minmax(360px, 30%); }
.reading { overflow-y: auto; padding: 32px 24px; }
.middle { max-width: 68ch; margin: 0 auto; font-size: clamp(17px, 1.15vw + 6px, 26px); }
.says { margin-bottom: 16px; padding-left: 14px; border-left: 3px solid var(--line); color: var(--soft); white-space: pre-wrap; overflow-wrap: anywhere; }
#words { line-height: 1.75; white-space: pre-wrap; overflow-wrap: anywhere; min-height: 2em; }
.word { border-radius: 2px; padding: 0.12em 0; cursor: default; }
.word.special { margin: 0 2px; padding: 0 4px; background: var(--amber-fill); color: var(--amber); font: 0.8em ui-monospace, monospace; } .word.forced { text-decoration: underline dotted var(--teal) 2px; text-underline-offset: 3px; }
.word.shown { outline: 2px solid var(--ink); }
.about { margin-top: 40px; padding-top: 12px; border-top: 1px solid var(--line); }
#panel { overflow-y: auto; padding: 24px; border-left: 1px solid var(--line); background: var(--panel); }
h2 { font-size: 17px; font-weight: 650; overflow-wrap: anywhere; } h2 span { font-family: ui-monospace, monospace; white-space: pre-wrap; color: var(--teal); }
table { width: 100%; border-collapse: collapse; margin: 12px 0; table-layout: fixed; }
thead th { color: var(--soft); font-size: 12px; } th { font-weight: 400; text-align: left; overflow-wrap: anywhere; } tbody th { font-family: ui-monospace, monospace; white-space: pre-wrap; }
th, td { padding: 5px 4px; font-size: 14px; } thead th:first-child { width: 40%; } .number { width: 52px; text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; } td.number + td.number, .cut :is(th, td), .others th { color: var(--soft); }
.axis { display: flex; justify-content: space-between; } .track { position: relative; display: block; height: 14px; border-bottom: 1px solid var(--line); } .track span { position: absolute; left: 0; }
.raw { top: 0; bottom: 0; min-width: 2px; border: 1px solid var(--soft); border-radius: 2px; } .final { top: 4px; height: 6px; background: var(--blue); border-radius: 1px; }
.chosen { background: var(--teal-fill); } .mark { font: 600 12px system-ui, sans-serif; color: var(--teal); white-space: nowrap; }
.rule td { padding: 2px 4px; border-top: 1px dashed var(--red); color: var(--red); font-size: 12px; }
.swatch { display: inline-block; width: 16px; margin: 0 4px 0 10px; vertical-align: middle; } .swatch.raw { position: static; height: 11px; } .swatch.final { height: 6px; }
footer button { min-height: 40px; min-width: 44px; padding: 0 12px; border: 1px solid var(--field); border-radius: 4px; background: none; cursor: pointer; }
svg { display: block; margin: auto; fill: currentColor; stroke: currentColor; stroke-width: 1.5; stroke-linejoin: round; }
.tint { display: flex; flex-wrap: wrap; align-items: center; gap: 8px 16px; margin-bottom: 20px; }
footer button:disabled { color: var(--soft); border-color: var(--line); cursor: default; } #play { min-width: 92px; background: var(--ink); border-color: var(--ink); color: var(--paper); font-weight: 600; }
#place { flex: 1; min-width: 120px; } select { min-height: 40px; padding: 0 6px; border: 1px solid var(--field); border-radius: 4px; background: var(--panel); }
#count { min-width: 11em; text-align: right; font-variant-numeric: tabular-nums; }
#legend { display: inline-flex; align-items: center; gap: 8px; } #scale { display: inline-flex; border: 1px solid var(--line); } #scale span { width: 16px; height: 14px; border-bottom: 0 solid var(--blue); }
kbd { padding: 0 4px; border: 1px solid var(--line); border-radius: 3px; font: 12px ui-monospace, monospace; }
@media (max-width: 800px) {
  header, footer { padding: 8px 12px; gap: 6px; } main { display: flex; flex-direction: column; } #model { order: 1; flex-basis: 100%; }
  .reading { flex: 1 1 45%; min-height: 120px; padding: 12px; } #panel { flex: 1 1 55%; min-height: 120px; padding: 12px; border-left: 0; border-top: 1px solid var(--line); }
  .choice label { padding: 3px 8px; } td, th { padding-block: 3px; } table { margin: 6px 0; } .tint { margin-bottom: 12px; } .about { margin-top: 24px; } .wide { display: none; }
  footer button { min-width: 38px; padding: 0 6px; } #play { min-width: 68px; } select { flex: 1 1 64px; width: 64px; max-width: 110px; } #place { order: -1; flex: 1 0 55%; } #count { order: -1; min-width: 0; }
}
@media (max-width: 420px) { #model { display: none; } h1 { font-size: 15px; } }
@media (max-height: 520px) { html, body { height: auto; } main { flex: none; } .reading, #panel { overflow: visible; max-height: none; } footer { position: sticky; bottom: 0; } }
@media (forced-colors: active) { .final, #scale span { forced-color-adjust: none; } }
`;
