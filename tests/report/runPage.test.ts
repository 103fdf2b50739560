import { describe, expect, test } from 'vitest';
import { batchCost, detailsText, type RunDetails } from '../../src/report/details.ts';
import type { RunReport } from '../../src/report/json.ts';
import { matrixHtml } from '../../src/report/matrix.ts';
import { ridgeChart } from '../../src/report/ridges.ts';
import { evenly } from '../../src/report/runCharts.ts';
import { runPage } from '../../src/report/runPage.ts';
import { histogram } from '../../src/train/histogram.ts';
import type { Snapshot } from '../../src/train/signals.ts';
import { expectStandalone } from '../support/html.ts';

const NASTY = '<img src=x onerror=alert(1)>"\'&';
const metrics = (accuracy: number) => ({ loss: 0.5, accuracy });

const REPORT: RunReport = {
  dataset: NASTY,
  task: 'classification',
  sizes: { train: 100, dev: 20, test: 20 },
  epochs: 2,
  seconds: 75,
  examplesPerSecond: 1234,
  trainAccuracy: 0.99,
  devAccuracy: 0.9,
  testAccuracy: 0.8,
  metrics: { train: metrics(0.99), dev: metrics(0.9), test: metrics(0.8) },
  build: 'simd',
  threads: 2,
  seed: 7,
  version: '0.1.0',
  parameters: 4321,
  memory: { variables: 2e6, training: 6e6, workspace: 3e6, programs: 5e5, total: 11.5e6 },
  settings: { model: `mlp:${NASTY}`, epochs: 2 },
  history: {
    loss: [2, 1],
    val_loss: [2.5, Number.NaN],
    accuracy: [0.5, 0.9],
    val_accuracy: [0.4, 0.8],
  },
};

const snapshot = (examples: number, low: number): Snapshot => ({
  examples,
  learningRate: 0.01,
  weights: ['dense/kernel', 'dense/bias', `${NASTY}/kernel`].map((name, i) => ({
    name,
    norm: 1 + i,
    gradientNorm: examples && 0.5,
    histogram: histogram([low, 0.5, 1]),
  })),
  activations: [{ layer: 'dense', zeros: 0.25, histogram: histogram([0.5, low]) }],
});

const SEEN = { png: 'iVBORw0KGgo=', saliency: 'iVBORw0KGgo=', gradCam: 'iVBORw0KGgo=' };
const DETAILS: RunDetails = {
  date: '2026-01-02T03:04:05.000Z',
  machine: { cpu: 'CPU <x>', cores: 2, os: 'Linux', node: '24.1.0' },
  batchCost: batchCost([3, 2, 1]),
  snapshots: [snapshot(0, 0), snapshot(100, -1), snapshot(200, -2)],
  part: 'test',
  classNames: ['cat', NASTY],
  confusion: [
    [9, 1],
    [3, 7],
  ],
  confused: [{ truth: NASTY, predicted: 'cat', count: 3 }],
  mistakes: [{ truth: NASTY, predicted: 'cat', probability: 0.875, png: 'iVBORw0KGgo=' }],
  vision: {
    filters: 'iVBORw0KGgo=',
    activations: [['conv2D', 'iVBORw0KGgo=']],
    examples: [
      { truth: NASTY, predicted: 'cat', probability: 0.75, ...SEEN },
      { truth: 'cat', predicted: 'cat', probability: 0.5, ...SEEN },
    ],
  },
};

describe('page of a run', () => {
  const html = runPage(REPORT, DETAILS);
  const ids = (page: string) => [...page.matchAll(/<section id="(\w+)"/g)].map((m) => m[1]);

  test('stands alone, and escapes what comes from the data', () => {
    expectStandalone(html, { pictures: true });
    expect(html).not.toContain('<img src=x');
    expect(html).toContain('&lt;img src=x onerror=alert(1)&gt;&quot;&#39;&amp;');
    expect(html).toContain('CPU &lt;x&gt;, 2 cores, Linux');
  });

  test('has all parts, with their figures', () => {
    expect(ids(html)).toEqual([
      'results',
      'diagnosis',
      'learning',
      'confusion',
      'mistakes',
      'vision',
      'updates',
      'weights',
      'activations',
      'configuration',
    ]);
    expect(html.match(/<svg /g)).toHaveLength(3 + 2 + 3 + 1);
    for (const text of [
      '<b>80.00 %</b><span>test accuracy</span>',
      '<b>1 min 15 s</b>',
      '2026-01-02 03:04 UTC',
      'high variance, and the test set differs from the development set',
      'variance 9.00 %',
      'said cat, 88 %',
      '<s>said cat, 75 %</s>',
      'is cat, said cat, 50 %',
      'Activations of conv2D, first image',
      'norm 1 → 1',
      'exactly 0: 25 % → 25 %',
      '4,321 parameters',
      '11.50 MB for a training step, 2.000 MB of it weights and 6.000 MB gradients',
    ])
      expect(html).toContain(text);
  });

  test('without details what the report knows', () => {
    const page = runPage(REPORT);
    expectStandalone(page, { pictures: true });
    expect(ids(page)).toEqual(['results', 'diagnosis', 'learning', 'configuration']);
  });

  test('rows of tables, errors of a regression', () => {
    const { trainAccuracy, devAccuracy, testAccuracy, ...rest } = REPORT;
    const { confusion, confused, classNames, ...details } = DETAILS;
    const row = [
      ['rooms', '3'],
      ['kind', NASTY],
    ] as const;
    const page = runPage(
      { ...rest, task: 'regression', metrics: { train: { loss: 1, rmse: 12.5 } } },
      { ...details, mistakes: [{ truth: '1', predicted: '9', row }] },
    );
    expectStandalone(page, { pictures: true });
    expect(ids(page)).not.toContain('confusion');
    expect(ids(page)).not.toContain('diagnosis');
    expect(page).toContain('<th>rooms</th><th>kind</th>');
    expect(page).toContain('<b>12.50</b><span>train rmse</span>');
  });

  test('is the same from the JSON of its details', () => {
    const again = JSON.parse(detailsText(DETAILS)) as RunDetails;
    expect(runPage(REPORT, again)).toBe(html);
  });
});

test.each([
  [[], []],
  [[4], [[1, 4, 4]]],
  [[Number.NaN], [[1, Number.NaN, Number.NaN]]],
  [
    [2, 2, 2],
    [
      [1, 2, 2],
      [2, 2, 2],
      [3, 2, 2],
    ],
  ],
])('batch cost of %o', (losses, points) => {
  expect(batchCost(losses)).toEqual({ batches: losses.length, points });
});

test('many batches become few points that follow the mean', () => {
  const { batches, points } = batchCost(Array.from({ length: 10_001 }, (_, i) => 2 + (i % 2)));
  expect(batches).toBe(10_001);
  expect(points.length).toBeLessThanOrEqual(240);
  expect(points.at(-1)?.[0]).toBe(10_001);
  for (const [, mean, smooth] of points) {
    expect(mean).toBeCloseTo(2.5, 0);
    expect(Math.abs(smooth - 2.5)).toBeLessThan(0.03);
  }
});

test('the matrix shows counts and the share that is found; a class without examples none', () => {
  const html = matrixHtml(
    [
      [8, 2],
      [0, 0],
    ],
    ['a<', 'b'],
  );
  expect(html).toContain(
    '<th>a&lt;</th><td class="hit8">8</td><td class="miss10">2</td><td>80.0 %</td>',
  );
  expect(html).toContain('<td class="zero">·</td><td>–</td>');
});

test.each([
  ['nothing', []],
  ['nothing finite', [Number.NaN]],
  ['equal numbers', [0, 0]],
  ['a spread', [1, 2, 3, 4]],
])('ridges of %s have no coordinates that are none', (_, values) => {
  const ridges = [{ label: '0', histogram: histogram(values) }];
  const svg = ridgeChart({ title: 't', label: 'weight', ridges });
  expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  expect(svg.match(/class="ridge/g) ?? []).toHaveLength(values.some(Number.isFinite) ? 1 : 0);
});

test('few of many, with both ends', () => {
  const list = Array.from({ length: 25 }, (_, i) => i);
  expect(evenly(list, 4)).toEqual([0, 8, 16, 24]);
  expect(evenly(list, 30)).toBe(list);
});
