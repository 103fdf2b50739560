import { describe, expect, test } from 'vitest';
import { classScores, confusionOf, confusionText, scoresText } from '../../src/report/classes.ts';
import { residualText } from '../../src/report/residuals.ts';
import {
  bar,
  clip,
  counted,
  curves,
  duration,
  number,
  percent,
  shares,
  sparkline,
} from '../../src/report/terminal.ts';

const NAN = Number.NaN;

test.each([
  [[], ''],
  [[3], '▁'],
  [[1, 1, 1], '▁▁▁'],
  [[0, 1, 2, 3, 4, 5, 6, 7], '▁▂▃▄▅▆▇█'],
  [[7, NAN, 0, Number.POSITIVE_INFINITY], '█·▁·'],
  [[NAN], '·'],
])('sparkline of %j', (values, expected) => {
  expect(sparkline(values)).toBe(expected);
});

test('a long sparkline is averaged down to its width', () => {
  const values = Array.from({ length: 1000 }, (_, i) => i);
  expect(sparkline(values, 8)).toBe('▁▂▃▄▅▆▇█');
});

test.each([
  [0, '0.000'],
  [1.23456, '1.235'],
  [0.00123456, '0.0012'],
  [0.0000123, '1.23e-5'],
  [123456, '123,456'],
  [-3.2e9, '-3.20e+9'],
  [NAN, 'NaN'],
])('number %d', (x, expected) => {
  expect(number(x)).toBe(expected);
});

test.each([
  [0.04, '0.0 s'],
  [59.94, '59.9 s'],
  [59.96, '1 min 00 s'],
  [125, '2 min 05 s'],
  [3725, '1 h 02 min'],
])('duration of %d s', (seconds, expected) => {
  expect(duration(seconds)).toBe(expected);
});

test('small parts', () => {
  expect(percent(0.98765)).toBe('98.77 %');
  expect([counted(1, 'epoch'), counted(1200, 'epoch')]).toEqual(['1 epoch', '1,200 epochs']);
  expect([clip('abcdef', 4), clip('abcd', 4)]).toEqual(['abc…', 'abcd']);
  expect([bar(0.5, 4, '#', '.'), bar(2, 2, '#'), bar(NAN, 2, '#', '.')]).toEqual([
    '##..',
    '##',
    '..',
  ]);
});

test('curves show first and last value', () => {
  const text = curves({ loss: [1, 0.5, 0.25], accuracy: [0.5, 0.75, 1], empty: [] });
  expect(text.split('\n')).toEqual([
    'loss      █▃▁  1.000 → 0.2500',
    'accuracy  ▁▅█  0.5000 → 1.000',
  ]);
});

test('shares are sorted, the rest is left out', () => {
  const lines = shares(
    'part',
    [
      ['a', 1],
      ['b', 3],
    ],
    'g',
    1,
  ).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[2]).toMatch(/^b +3\.000 +75 % +█{15}$/);
});

describe('confusion', () => {
  const matrix = [
    [1, 1, 0],
    [1, 2, 0],
    [0, 0, 0],
  ];

  test('rows of a flat matrix', () => {
    const data = Float32Array.from(matrix.flat());
    expect(confusionOf({ data, shape: [3, 3] }).map((row) => Array.from(row))).toEqual(matrix);
  });

  test('figures of each class', () => {
    expect(classScores(matrix)).toEqual([
      { examples: 2, precision: 0.5, recall: 0.5, f1: 0.5 },
      { examples: 3, precision: 2 / 3, recall: 2 / 3, f1: 2 / 3 },
      { examples: 0, precision: NAN, recall: NAN, f1: 0 },
    ]);
    const text = scoresText(matrix, ['cat', 'dog', 'emu']);
    expect(text.split('\n').map((line) => line.split(/ {2,}/))[3]).toEqual([
      'dog',
      '3',
      '66.7 %',
      '66.7 %',
      '66.7 %',
    ]);
  });

  test('as text', () => {
    expect(confusionText(matrix, ['cat', 'dog', 'emu']).split('\n')).toEqual([
      'true cat dog emu found',
      'cat    1   1   ·  50.0 %',
      'dog    1   2   ·  66.7 %',
      'emu    ·   ·   · no examples',
    ]);
  });

  test('of many classes: the worst pairs', () => {
    const names = Array.from({ length: 30 }, (_, i) => `class ${i}`);
    const pairs = [
      [3, 7, 2],
      [4, 4, 1],
      [5, 9, 1],
    ];
    const cell = (t: number, p: number) => pairs.find(([a, b]) => a === t && b === p)?.[2] ?? 0;
    const text = confusionText(
      names.map((_, t) => names.map((_, p) => cell(t, p))),
      names,
    );
    expect(text.split('\n').slice(2)).toEqual([
      'class 3  class 7           2',
      'class 5  class 9           1',
    ]);
    const right = names.map((_, t) => names.map((_, p) => Number(t === p)));
    expect(confusionText(right, names)).toBe('nothing confused');
    expect(scoresText(right, names).split('\n')).toHaveLength(12);
  });
});

describe('residuals', () => {
  test('quantiles and histogram', () => {
    const truth = Float64Array.from({ length: 101 }, () => 0);
    const text = residualText(
      truth,
      truth.map((_, i) => i - 50),
    );
    expect(text).toMatch(/median/);
    expect(text.split('\n')[2]?.trim().split(/\s+/)).toEqual([
      '-50.00',
      '-45.00',
      '-25.00',
      '0.000',
      '25.00',
      '45.00',
      '50.00',
    ]);
    expect(residualText([1], [1])).toContain('0.000 ');
  });
});
