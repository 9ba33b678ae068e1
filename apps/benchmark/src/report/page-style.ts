// The look of report.html. One column, readable on a phone, light or dark as the reader's system is.

/** Inlined into the page's head. */
export const PAGE_STYLE = `
:root { color-scheme: light dark; --paper: #fbfbfa; --card: #ffffff; --ink: #1d1d22; --soft: #63636e; --line: #e4e4e0;
  --model: #4338ca; --on-model: #ffffff; --baseline: #8b8b96; --second: #0d9488; --third: #d97706; --cell: #f0effa; --good: #15803d; --bad: #b91c1c; }
@media (prefers-color-scheme: dark) { :root { --paper: #131316; --card: #1c1c21; --ink: #ececf1; --soft: #a2a2ae; --line: #303038;
  --model: #a5b4fc; --on-model: #14142b; --baseline: #7c7c88; --second: #5eead4; --third: #fbbf24; --cell: #26263a; --good: #4ade80; --bad: #fca5a5; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: clamp(1.5rem, 4vw, 2.1rem); line-height: 1.2; margin: 0 0 .4rem; letter-spacing: -.015em; }
h2 { font-size: 1.15rem; margin: 0 0 .2rem; }
p { margin: 0 0 .8rem; } .soft { color: var(--soft); font-size: .9rem; }
.verdict { border-left: 4px solid var(--model); padding: .5rem .9rem; background: var(--card); border-radius: 0 8px 8px 0; margin: 1rem 0 1.4rem; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.6rem, 1fr)); gap: .7rem; margin-bottom: 1.4rem; }
.tile, section { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.tile { padding: .8rem 1rem; } .tile b { display: block; white-space: nowrap; font-size: 1.3rem; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tile span { color: var(--soft); font-size: .82rem; } .tile.first b { color: var(--model); }
.grid { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1rem; }
.grid section { margin: 0; } section { padding: 1rem 1.1rem; margin: 1rem 0; min-width: 0; }
.chart { width: 100%; min-height: 4rem; } .chart svg { display: block; max-width: 100%; }
.table { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: .92rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; } td { overflow-wrap: anywhere; min-width: 5rem; } th { color: var(--soft); font-weight: 500; }
td:first-child { min-width: 8.5rem; overflow-wrap: break-word; }
td.number, th.number { min-width: 0; text-align: right; padding-right: 0; padding-left: .8rem; white-space: nowrap; } tr:last-child > * { border-bottom: 0; }
code { font: .85em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
article { border-top: 1px solid var(--line); padding: .9rem 0 .3rem; } article:first-of-type { border-top: 0; }
.label { font-weight: 600; } .wrong { color: var(--bad); }
.mail { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9rem; line-height: 1.7; max-height: 16rem; overflow-y: auto; margin-top: .4rem; }
.mail i { font-style: normal; border-radius: 3px; background: color-mix(in srgb, var(--model) calc(var(--w) * 70%), transparent); }
@media print { .mail { max-height: none; } }
`;

/** Draws every chart in the page's colours, again when the mode or the width changes. Runs in the page. */
export const PAGE_SCRIPT = `
const charts = JSON.parse(document.getElementById('charts').textContent);
const css = getComputedStyle(document.documentElement);
const resolve = (text) => text.replace(/var\\((--[a-z-]+)\\)/g, (_, name) => css.getPropertyValue(name).trim());
const draw = () => {
  const ink = resolve('var(--ink)'), soft = resolve('var(--soft)'), line = resolve('var(--line)');
  const font = 'system-ui, sans-serif';
  const config = { background: null, font, view: { stroke: null },
    axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line, labelFontSize: 12, titleFontSize: 12, titleFontWeight: 'normal' },
    legend: { labelColor: ink, titleColor: soft, labelFontSize: 12 }, text: { color: ink } };
  for (const { id, spec } of charts) {
    vegaEmbed('#' + id, JSON.parse(resolve(JSON.stringify(spec))), { renderer: 'svg', actions: false, config })
      .catch((error) => { document.getElementById(id).textContent = 'This chart could not be drawn: ' + error.message; });
  }
};
draw();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
`;
