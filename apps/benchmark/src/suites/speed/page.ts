// The page of a speed report: bars of time, one group a workload. One file, no scripts, opens without a network.
import { html, join, type Markup, scriptSource } from '../../report/escape.js';
import { bytes } from '../../report/format.js';
import { PAGE_STYLE } from '../../report/page-style.js';
import { groups, MODES, milliseconds, rate } from './ratios.js';
import type { Ratio, Row, SpeedReport } from './schema.js';

const STYLE = `
.bars{display:grid;grid-template-columns:minmax(14rem,24rem) 1fr auto;gap:.25rem .75rem;align-items:center;font-size:.9rem}
.bar{height:.9rem;border-radius:2px;background:var(--baseline)}.bar.own{background:var(--model)}
.bars span{white-space:nowrap;overflow:hidden;text-overflow:ellipsis}`;

/** The whole page, with the ratios of earlier reports. */
export function renderSpeedPage(report: SpeedReport, history: readonly SpeedReport[] = []): string {
  const { environment: e, rows, ratios, skipped, disagreements, remarks } = report;
  const sections = groups(rows).map(({ workload, mode }) => {
    const group = rows.filter((row) => row.workload === workload && row.mode === mode);
    return html`<section><h2>${workload}, ${MODES[mode]}</h2>${bars(group)}</section>`;
  });
  const facts = [
    `${e.cpu}, ${e.cores} cores (${e.cpuFlags.join(' ')}), ${e.platform}, Node ${e.node}, load ${e.loadAverage.toFixed(1)}`,
    `OPENBLAS_CORETYPE ${e.openblasCoretype}`,
    ...Object.entries(e.ran).map(([name, ran]) => `${name}: ${JSON.stringify(ran)}`),
  ];
  const list = (lines: readonly string[]): Markup =>
    html`<ul>${join(lines.map((line) => html`<li>${line}</li>`))}</ul>`;
  const factors = ratios.map(
    (r) =>
      html`<tr><td>${r.workload}</td><td>${r.mode}</td><td>${r.setting}</td><td>${r.peer}</td><td class="number">${r.ratio.toFixed(2)}×</td><td class="number">${r.memory.toFixed(2)}×</td></tr>`,
  );
  return html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Heddle: ${report.suite}</title><style>${scriptSource(PAGE_STYLE + STYLE)}</style></head><body><main>
<h1>Heddle beside its peers: ${report.suite}</h1>
<p class="soft">${report.createdAt.slice(0, 16).replace('T', ' ')} UTC · <code>${report.command}</code>${report.quick ? ' · a quick look' : ''}</p>
<p>Medians of alternated processes${report.clock === 'processor' ? ', processor time of all threads' : ''}, the same weights and inputs in each; shorter is faster. Times of different machines can't be compared: ratios can.</p>
${remarks.length > 0 ? list(remarks) : ''}
${disagreements.length > 0 ? html`<section><h2>Numbers that differ</h2>${list(disagreements)}</section>` : ''}
${join(sections)}
<section><h2>Ratios: a peer's best time over Heddle's, and Heddle's peak memory over that peer's</h2><table><tr><th>workload</th><th>mode</th><th>Heddle</th><th>peer</th><th>time</th><th>memory</th></tr>${join(factors)}</table></section>
${history.length > 0 ? html`<section><h2>Ratios of time by version</h2>${versions([report, ...history])}</section>` : ''}
<section><h2>What ran</h2>${list(facts)}${skipped.length > 0 ? html`<h2>Left out</h2>${list(skipped)}` : ''}</section>
</main></body></html>
`.source;
}

function bars(rows: readonly Row[]): Markup {
  const longest = Math.max(...rows.map((row) => row.medianMs));
  const sorted = [...rows].sort((a, b) => a.medianMs - b.medianMs);
  return html`<div class="bars">${join(
    sorted.map((row) => {
      const width = ((100 * row.medianMs) / longest).toFixed(1);
      const spread = `${milliseconds(row.minMs)}–${milliseconds(row.maxMs)}, ${bytes(row.peakBytes)}`;
      const own = row.system === 'heddle' ? 'own' : '';
      return html`<span title="${row.setting}">${row.system}, ${row.setting}</span><div><div class="bar ${own}" style="width:${width}%"></div></div><span>${milliseconds(row.medianMs)} ms <small class="soft">(${spread})</small> ${rate(row)}</span>`;
    }),
  )}</div>`;
}

// One row for each workload, mode and peer, with Heddle's best setting; one column for each report.
function versions(reports: readonly SpeedReport[]): Markup {
  const kind = (r: Ratio): string => `${r.workload}, ${r.mode}, ${r.peer}`;
  const best = reports.map(({ ratios }) => {
    const found = new Map<string, number>();
    for (const r of ratios) found.set(kind(r), Math.max(found.get(kind(r)) ?? 0, r.ratio));
    return found;
  });
  const head = reports.map(({ heddle, createdAt, environment: { cpu } }) => {
    return html`<th title="${cpu}">${heddle}<br><small class="soft">${createdAt.slice(0, 10)}</small></th>`;
  });
  const rows = [...new Set(best.flatMap((found) => [...found.keys()]))].map((name) => {
    const cells = best.map((found) => found.get(name)?.toFixed(2));
    return html`<tr><td>${name}</td>${join(cells.map((cell) => html`<td class="number">${cell === undefined ? '' : `${cell}×`}</td>`))}</tr>`;
  });
  return html`<table><tr><th>workload, mode, peer</th>${join(head)}</tr>${join(rows)}</table>`;
}
