import { describe, expect, test } from 'vitest';
import { confusion, confusionText, recalls } from '../../src/report/classes.ts';
import { regressionScore, residualText } from '../../src/report/residuals.ts';
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
  const matrix = confusion([0, 0, 1, 1, 1], [0, 1, 1, 1, 0], 3);

  test('counts by true and predicted class', () => {
    expect(matrix.map((row) => [...row])).toEqual([
      [1, 1, 0],
      [1, 2, 0],
      [0, 0, 0],
    ]);
    expect(recalls(matrix)).toEqual([0.5, 2 / 3, NAN]);
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
    const text = confusionText(confusion([3, 3, 4, 5], [7, 7, 4, 9], 30), names);
    expect(text.split('\n').slice(2)).toEqual([
      'class 3  class 7           2',
      'class 5  class 9           1',
    ]);
    expect(confusionText(confusion([1], [1], 30), names)).toBe('nothing confused');
  });
});

describe('residuals', () => {
  test('score', () => {
    const { rmse, mae, r2 } = regressionScore([1, 2, 3, 4], [1, 2, 3, 6]);
    expect([rmse, mae, r2]).toEqual([1, 0.5, 1 - 4 / 5]);
    expect(regressionScore([2, 2], [1, 3]).r2).toBeNaN();
  });

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
