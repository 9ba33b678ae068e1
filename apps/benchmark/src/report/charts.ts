// The charts of the report as vega-lite specifications: data and encodings. Colours and fonts come from the page, so
// that they follow its light and dark mode.
import type { TopLevelSpec } from 'vega-lite';
import type { Report } from './schema.js';

/** A chart with the words around it. */
export interface Chart {
  readonly id: string;
  readonly title: string;
  readonly caption: string;
  readonly spec: TopLevelSpec;
}

const SCHEMA = 'https://vega.github.io/schema/vega-lite/v6.json';
/** As wide as its card; the height is the chart's own. */
const FRAME = { $schema: SCHEMA, width: 'container', autosize: { type: 'fit-x', contains: 'padding' } } as const;
/** Resolved against the page's colours before a chart is drawn. */
const MODEL = 'var(--model)';
const BASELINE = 'var(--baseline)';

/** Every chart that the report has data for, in reading order. */
export function charts(report: Report): Chart[] {
  const all = [comparison(report), lossCurves(report), accuracyCurves(report), perClass(report), confusion(report)];
  return [...all, calibration(report)].filter((chart) => chart !== null);
}

function comparison({ baselines, metrics, model }: Report): Chart {
  const row = (name: string, kind: string, m: Report['metrics']['test']) => ({
    name,
    kind,
    value: m.macroF1,
    low: m.macroF1Interval.low,
    high: m.macroF1Interval.high,
    shown: m.macroF1.toFixed(3),
  });
  const values = [
    row(model.description, 'model', metrics.test),
    ...baselines.map((b) => row(b.name, 'baseline', b.metrics.test)),
  ];
  const order = [...values].sort((a, b) => b.value - a.value).map((v) => v.name);
  const y = { field: 'name', type: 'nominal', sort: order, axis: { title: null, labelLimit: 170 } } as const;
  const color = {
    field: 'kind',
    type: 'nominal',
    scale: { domain: ['model', 'baseline'], range: [MODEL, BASELINE] },
    legend: null,
  } as const;
  return {
    id: 'comparison',
    title: 'Against the baselines',
    caption: 'Macro-F1 on the test part, with the 95 % interval of a bootstrap over its examples.',
    spec: {
      ...FRAME,
      height: { step: 34 },
      data: { values },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 3, opacity: 0.45 },
          encoding: {
            y,
            color,
            x: {
              field: 'low',
              type: 'quantitative',
              title: 'macro-F1',
              scale: { zero: false, nice: false, padding: 22 },
            },
            x2: { field: 'high' },
          },
        },
        {
          mark: { type: 'point', filled: true, size: 110, opacity: 1 },
          encoding: {
            y,
            color,
            x: { field: 'value', type: 'quantitative' },
            tooltip: tooltips('name', 'value', 'low', 'high'),
          },
        },
        {
          mark: { type: 'text', dy: -12, fontWeight: 600 },
          encoding: { y, color, x: { field: 'value', type: 'quantitative' }, text: { field: 'shown' } },
        },
      ],
    },
  };
}

function lossCurves(report: Report): Chart | null {
  return curves(report, 'loss', 'Loss', 'Cross-entropy while training, and on the validation part after each epoch.');
}

function accuracyCurves(report: Report): Chart | null {
  return curves(
    report,
    'accuracy',
    'Validation accuracy',
    'Measured on the validation part, which training never sees.',
  );
}

function curves(report: Report, field: 'loss' | 'accuracy', title: string, caption: string): Chart | null {
  const values = report.curves
    .filter((point) => point[field] !== undefined)
    .map((point) => ({ ...point, line: `${point.part} ${point.seed}` }));
  if (values.length === 0) return null;
  return {
    id: `curve-${field}`,
    title,
    caption,
    spec: {
      ...FRAME,
      height: 220,
      data: { values },
      mark: { type: 'line', point: values.length < 80, strokeWidth: 2 },
      encoding: {
        x: { field: 'step', type: 'quantitative', title: 'step' },
        y: { field, type: 'quantitative', title: field, scale: { zero: false } },
        color: {
          field: 'part',
          type: 'nominal',
          title: null,
          scale: { domain: ['train', 'validation'], range: [BASELINE, MODEL] },
          legend: field === 'loss' ? { orient: 'top' } : null,
        },
        detail: { field: 'line' },
        tooltip: tooltips('part', 'seed', 'step', 'epoch', field),
      },
    },
  };
}

function perClass({ perClass: classes }: Report): Chart {
  const values = classes.flatMap(({ label, ...scores }) =>
    (['precision', 'recall', 'f1'] as const).map((score) => ({
      label,
      score: score === 'f1' ? 'F1' : score,
      ...scores[score],
    })),
  );
  const y = { field: 'label', type: 'nominal', title: null } as const;
  const yOffset = { field: 'score', sort: ['precision', 'recall', 'F1'] };
  const color = {
    field: 'score',
    type: 'nominal',
    title: null,
    sort: ['precision', 'recall', 'F1'],
    scale: { range: ['var(--second)', 'var(--third)', MODEL] },
    legend: { orient: 'top' },
  } as const;
  return {
    id: 'per-class',
    title: 'Class by class',
    caption: 'Precision, recall and F1 on the test part, each with its 95 % interval.',
    spec: {
      ...FRAME,
      height: { step: 18 },
      data: { values },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 3, opacity: 0.45 },
          encoding: {
            y,
            yOffset,
            color,
            x: { field: 'low', type: 'quantitative', title: 'score', scale: { zero: false, nice: true } },
            x2: { field: 'high' },
          },
        },
        {
          mark: { type: 'point', filled: true, size: 80, opacity: 1 },
          encoding: {
            y,
            yOffset,
            color,
            x: { field: 'value', type: 'quantitative' },
            tooltip: tooltips('label', 'score', 'value', 'low', 'high'),
          },
        },
      ],
    },
  };
}

function confusion({ confusion: { labels, matrix } }: Report): Chart {
  const values = matrix.flatMap((row, t) => {
    const total = row.reduce((a, b) => a + b, 0);
    return row.map((count, p) => ({
      truth: labels[t],
      predicted: labels[p],
      count,
      share: total === 0 ? 0 : count / total,
    }));
  });
  const x = {
    field: 'predicted',
    type: 'nominal',
    sort: labels,
    title: 'predicted',
    axis: { labelAngle: 0, orient: 'top' },
  } as const;
  const y = { field: 'truth', type: 'nominal', sort: labels, title: 'true' } as const;
  return {
    id: 'confusion',
    title: 'Confusion matrix',
    caption: 'How many messages of each true class (row) were given each label (column). Shade: share of the row.',
    spec: {
      ...FRAME,
      height: { step: labels.length > 6 ? 34 : 64 },
      data: { values },
      encoding: { x, y },
      layer: [
        {
          mark: { type: 'rect', cornerRadius: 4 },
          encoding: {
            color: {
              field: 'share',
              type: 'quantitative',
              scale: { domain: [0, 1], range: ['var(--cell)', MODEL] },
              legend: null,
            },
            tooltip: tooltips('truth', 'predicted', 'count', 'share'),
          },
        },
        {
          mark: { type: 'text', fontSize: 15, fontWeight: 600 },
          encoding: {
            text: { field: 'count' },
            color: { condition: { test: 'datum.share > 0.5', value: 'var(--on-model)' }, value: 'var(--ink)' },
          },
        },
      ],
    },
  };
}

function calibration({ calibration: { bins, error } }: Report): Chart {
  return {
    id: 'calibration',
    title: 'Calibration',
    caption: `Of the predictions made with a given confidence, this share was right; on the diagonal is ideal. Expected calibration error ${error.toFixed(3)}.`,
    spec: {
      ...FRAME,
      height: 260,
      layer: [
        {
          data: { values: [{ at: 0 }, { at: 1 }] },
          mark: { type: 'line', strokeDash: [4, 4], color: BASELINE, strokeWidth: 1.5 },
          encoding: { x: { field: 'at', type: 'quantitative' }, y: { field: 'at', type: 'quantitative' } },
        },
        {
          data: { values: bins.filter((bin) => bin.count > 0) },
          mark: { type: 'point', filled: true, color: MODEL, opacity: 0.9 },
          encoding: {
            x: { field: 'confidence', type: 'quantitative', title: 'confidence', scale: { domain: [0, 1] } },
            y: { field: 'accuracy', type: 'quantitative', title: 'share that is right', scale: { domain: [0, 1] } },
            size: { field: 'count', type: 'quantitative', scale: { range: [40, 600] }, legend: null },
            tooltip: tooltips('lower', 'upper', 'count', 'confidence', 'accuracy'),
          },
        },
      ],
    },
  };
}

// Counts stay whole numbers, scores get three digits.
function tooltips(...fields: string[]): { field: string; format?: string }[] {
  const scores = ['value', 'low', 'high', 'share', 'confidence', 'accuracy', 'loss', 'epoch'];
  return fields.map((field) => (scores.includes(field) ? { field, format: '.3f' } : { field }));
}
