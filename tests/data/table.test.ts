import { expect, test } from 'vitest';
import { prepareTable } from '../../src/data/csvFile.ts';
import { fitPreprocessing } from '../../src/data/fitTable.ts';
import {
  describePrediction,
  encode,
  encodeImages,
  encodeInputs,
  imagePreprocessing,
  type Preprocessing,
  recordsFrom,
  type TablePreprocessing,
} from '../../src/data/preprocess.ts';
import { readPreprocessing } from '../../src/data/readPreprocessing.ts';
import type { FitTableOptions } from '../../src/data/tableOptions.ts';
import { JsonReader, parseJson } from '../../src/formats/json.ts';
import { DataError, ShapeError, TypeMismatchError } from '../../src/runtime/errors.ts';
import { base, csv, odd, table, yes } from '../support/tables.ts';

test('numbers are standardised by the training rows, missing ones become their mean', async () => {
  const records = await csv('a,y\n1,p\n3,q\nNA,p\n100,q\n');
  const p = fitPreprocessing(records, { rows: [0, 1, 2] });
  expect(p.columns).toEqual([{ kind: 'number', name: 'a', mean: 2, std: 1, missing: [] }]);
  const { x, y, ...rest } = encode(p, records);
  expect(x).toEqual({ data: Float32Array.of(-1, 1, 0, 98), shape: [4, 1] });
  expect(y).toEqual(Int32Array.of(0, 1, 0, 1));
  expect(rest).toEqual({
    name: 't.csv',
    task: 'classification',
    classNames: ['p', 'q'],
    featureNames: ['a'],
  });
});

test.each([
  '',
  'NA',
  'na',
  'N/A',
  'NaN',
  '?',
  'null',
  'NULL',
  '#N/A',
  '-',
  'None',
  '#DIV/0!',
  '\\N',
  '.',
])('"%s" is a missing cell, in one row of four or in three', (cell) => {
  for (const gaps of [1, 3]) {
    const records = table(6, { x: (i) => (i < gaps ? cell : i), y: yes });
    const { columns, notes } = fitPreprocessing(records);
    const mean = gaps === 1 ? 3 : 4;
    expect(columns).toMatchObject([{ kind: 'number', name: 'x', mean, missing: [] }]);
    expect(notes).toEqual([]);
    expect(encodeInputs(fitPreprocessing(records), records).data[0]).toBe(0);
  }
});

test('words become one input each, unknown ones another if training rows had some', async () => {
  const records = await csv('c,y\nred,1.5\nblue,2.5\n,0.5\nred,4\n');
  const p = fitPreprocessing(records);
  const { x, y, featureNames } = encode(p, records);
  expect(featureNames).toEqual(['c=blue', 'c=red', 'c=?']);
  expect(x).toEqual({ data: Float32Array.of(0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0), shape: [4, 3] });
  expect(y).toMatchObject({ shape: [4, 1] });
  const later = encodeInputs(p, recordsFrom([{ c: 'green' }, { c: null }]));
  expect([...later.data]).toEqual([0, 0, 1, 0, 0, 1]);
  const clean = fitPreprocessing(await csv('c,y\nred,1.5\nblue,2.5\n'));
  expect([...encodeInputs(clean, recordsFrom([{ c: 'green' }, { c: 'red' }])).data]).toEqual([
    0, 0, 0, 1,
  ]);
});

test.each<[string, Record<string, (i: number) => unknown>, string]>([
  ['constant', { c: () => 3 }, 'column c: left out, constant'],
  ['constant with gaps', { c: (i) => (i ? 3 : '') }, 'column c: left out, constant'],
  ['constant words', { c: () => 'a' }, 'column c: left out, constant'],
  ['several constant', { c: () => 3, d: () => 0.1 }, 'columns c, d: left out, constant'],
  ['empty', { c: () => '' }, 'column c: left out, empty'],
  ['row numbers', { row: (i) => i + 1 }, 'column row: left out, it counts the rows'],
  [
    'row numbers of two columns',
    { Id: (i) => i + 1, orderID: (i) => i + 7 },
    'columns Id, orderID: left out, it counts the rows',
  ],
  [
    'half of numbers, each else another word',
    { c: (i) => (i % 2 ? i : `w${i}`) },
    'column c: left out, its words differ in most rows; "w0" (line 1) is not a number',
  ],
  [
    'numbers of thousands or decimals',
    { c: (i) => `${i + 1},500` },
    'column c: left out, its words differ in most rows; "1,500" (line 1) is a number with thousands or decimals: say decimal',
  ],
  ['identifiers', { c: (i) => `u${i}` }, 'column c: left out, its words differ in most rows'],
  [
    'dates',
    { c: (i) => `2024-01-${10 + (i % 20)}` },
    'column c: left out, its words differ in most rows (dates are read as words)',
  ],
])('%s: left out with a note', (_, columns, note) => {
  const p = fitPreprocessing(table(20, { ...columns, ...base }));
  expect(p.columns.map((c) => c.name)).toEqual(['x']);
  expect(p.notes).toEqual([note]);
});

test('few dates are words; a word among numbers is a gap; too many words fall to the unknown ones', () => {
  const days = fitPreprocessing(table(30, { c: (i) => `${1 + (i % 3)}.5.2024`, ...base }));
  expect(days.columns[0]).toMatchObject({
    kind: 'category',
    categories: ['1.5.2024', '2.5.2024', '3.5.2024'],
  });
  expect(days.notes).toEqual(['column c: dates are read as words']);
  const gap = fitPreprocessing(table(40, { c: (i) => (i === 5 ? 'unknown' : odd(i)), ...base }));
  expect(gap.columns[0]).toMatchObject({ kind: 'number', missing: ['unknown'] });
  expect(gap.notes).toEqual(['column c: "unknown" (line 6) is not a number and counts as missing']);
  const many = table(900, { c: (i) => `w${i % 300}`, ...base });
  const p = fitPreprocessing(many);
  expect(p.columns[0]).toMatchObject({ unknown: true, categories: { length: 256 } });
  expect(encodeInputs(p, many).shape).toEqual([900, 258]);
});

test.each<[string, number, (i: number) => unknown, FitTableOptions['task'], object]>([
  ['words', 30, yes, 'auto', { task: 'classification', classNames: ['no', 'yes'] }],
  [
    'few whole numbers',
    90,
    (i) => [10, 9, 2][i % 3],
    'auto',
    { task: 'classification', classNames: ['2', '9', '10'] },
  ],
  [
    'whole numbers with points',
    90,
    (i) => (i % 2 ? '1.0' : '0'),
    'auto',
    { task: 'classification', classNames: ['0', '1'] },
  ],
  ['many whole numbers', 90, (i) => i % 40, 'auto', { task: 'regression' }],
  ['5 % whole numbers', 1000, (i) => i % 50, 'auto', { task: 'classification' }],
  ['more than 5 %', 1000, (i) => i % 51, 'auto', { task: 'regression' }],
  ['whole numbers in a short table', 20, (i) => i * i, 'auto', { task: 'regression' }],
  [
    'few fractions',
    90,
    (i) => (i % 3) / 2,
    'auto',
    { task: 'regression', mean: expect.closeTo(0.5, 12) },
  ],
  [
    'whole numbers as values',
    90,
    (i) => i % 3,
    'regression',
    { task: 'regression', mean: expect.closeTo(1, 12) },
  ],
  [
    'fractions as classes',
    90,
    (i) => (i % 3) / 2,
    'classification',
    { task: 'classification', classNames: ['0', '0.5', '1'] },
  ],
])('task of %s', (_, n, y, task, expected) => {
  expect(fitPreprocessing(table(n, { x: odd, y }), { task }).target).toMatchObject({
    name: 'y',
    ...expected,
  });
});

test.each<[string, Record<string, (i: number) => unknown>, FitTableOptions, string]>([
  [
    'no such target',
    { sepal: odd, y: yes },
    { target: 'sepla' },
    't.csv: no column "sepla"; did you mean "sepal"? Columns: sepal, y',
  ],
  ['one column', { y: yes }, {}, 't.csv: only one column ("y"), expected features and a target'],
  ['one class', { x: odd, y: () => 'a' }, {}, 't.csv: target "y" has one class only ("a")'],
  ['one whole number', { x: odd, y: () => 7 }, {}, 't.csv: target "y" has one class only ("7")'],
  ['constant', { x: odd, y: () => 0.5 }, {}, 't.csv: target "y" is constant'],
  ['no values', { x: odd, y: () => '' }, {}, 't.csv: target "y" has no values'],
  [
    'words for regression',
    { x: odd, y: (i) => (i === 3 ? 'x' : 'y') },
    { task: 'regression' },
    't.csv: target "y" is "y" in line 1, expected a number for regression',
  ],
  [
    'a word among values',
    { x: odd, y: (i) => (i === 30 ? 'x' : i / 7) },
    {},
    't.csv: target "y" is "x" in line 31, expected a number',
  ],
  [
    'names as classes',
    { x: odd, y: (i) => `n${i}` },
    {},
    't.csv: target "y" has 40 different values in 40 rows, too many for classes',
  ],
  [
    'nothing to learn from',
    { x: () => 1, y: yes },
    {},
    't.csv: no column to learn from beside "y" (column x: left out, constant)',
  ],
])('target: %s', (_, columns, options, message) => {
  const fit = () => fitPreprocessing(table(40, columns), options);
  expect(fit).toThrow(DataError);
  expect(fit).toThrow(message);
});

const p: TablePreprocessing = {
  kind: 'table',
  columns: [
    { kind: 'number', name: 'a', mean: 1, std: 2, missing: ['unknown'] },
    { kind: 'category', name: 'c', categories: ['r', 's'], unknown: false },
  ],
  target: { task: 'classification', name: 'y', classNames: ['no', 'yes'] },
  notes: [],
};
const values: Preprocessing = { ...p, target: { task: 'regression', name: 'y', mean: 10, std: 4 } };
const images: Preprocessing = {
  kind: 'images',
  shape: [2, 2],
  scale: 1 / 255,
  classNames: ['0', '1', '2'],
};

test.each<[string, string, string]>([
  [
    'word for a number',
    'a,c,y\n1,r,no\n\nbig,r,no\n',
    't.csv line 4: column "a" is "big", expected a number',
  ],
  ['column missing', 'b,c,y\n1,r,no\n', 't.csv: no column "a"'],
  [
    'unknown class',
    'a,c,y\n1,r,maybe\n',
    't.csv line 2: target "y" is "maybe", expected one of no, yes',
  ],
  [
    'target missing',
    'a,c,y\n1,r,\n',
    't.csv line 2: target "y" is missing, expected one of no, yes',
  ],
  ['no target column', 'a,c,z\n1,r,2\n', 't.csv: no column "y"'],
])('encoding refuses: %s', async (_, text, message) => {
  const records = await csv(text);
  expect(() => encode(p, records)).toThrow(message);
});

test.each<[string, Preprocessing, number[], object]>([
  ['probabilities', p, [0.25, 0.75], { class: 'yes', probabilities: { no: 0.25, yes: 0.75 } }],
  ['one probability', p, [0.25], { class: 'no', probabilities: { no: 0.75, yes: 0.25 } }],
  ['equal ones', images, [0.5, 0.5, 0], { class: '0', probabilities: { 0: 0.5, 1: 0.5, 2: 0 } }],
  ['a value', values, [1.5], { value: 16 }],
])('what an output says: %s', (_, preprocessing, output, expected) => {
  expect(describePrediction(preprocessing, output)).toEqual(expected);
});

test('an output of another size', () => {
  expect(() => describePrediction(images, [1])).toThrow(ShapeError);
});

test.each([p, values, images])('$kind: JSON and back', (preprocessing) => {
  const bytes = new TextEncoder().encode(JSON.stringify(preprocessing));
  expect(readPreprocessing(parseJson(bytes, 'model.json'))).toEqual(preprocessing);
});

test.each<[string, object, string]>([
  ['kind', { ...p, kind: 'tabel' }, 'm: kind: unknown "tabel"; did you mean "table"?'],
  [
    'std',
    { ...p, columns: [{ ...p.columns[0], std: 0 }] },
    'm: columns[0].std: 0, expected a number above 0',
  ],
  [
    'names',
    { ...p, target: { ...p.target, classNames: ['a', 'a'] } },
    'm: target.classNames: expected names, all different',
  ],
  [
    'unknown',
    { ...p, columns: [{ ...p.columns[1], unknown: 1 }] },
    '"unknown" is neither true nor false',
  ],
  ['target', { ...p, target: undefined }, 'm: "target" is missing'],
])('damaged JSON: %s', (_, json, message) => {
  const reader = new JsonReader(JSON.parse(JSON.stringify(json)), 'm', '');
  expect(() => readPreprocessing(reader)).toThrow(message);
});

test('images', () => {
  const x = { data: new Uint8Array(8), shape: [2, 2, 2], scale: 1 / 255 };
  const classNames = ['0', '1', '2'];
  expect(
    imagePreprocessing({
      name: 'd',
      task: 'classification',
      x,
      y: Int32Array.of(0, 1),
      classNames,
    }),
  ).toEqual(images);
  expect(encodeImages(images as never, { data: x.data, shape: [2, 2, 2] })).toEqual(x);
  expect(() => encodeImages(images as never, { data: x.data, shape: [1, 8] })).toThrow(ShapeError);
  expect(() =>
    encodeImages(images as never, { data: new Float32Array(4), shape: [1, 2, 2] }),
  ).toThrow(TypeMismatchError);
});

test('a table made ready: rows without target left out, split by class, fitted on the training rows', () => {
  const records = table(103, { x: odd, y: (i) => (i < 3 ? '' : i % 4 ? 'a' : 'b') });
  const { splits, preprocessing } = prepareTable(records, { seed: 1 });
  const sizes = Object.values(splits).map((d) => [
    (d.y as Int32Array).length,
    (d.y as Int32Array).filter((k) => k === 1).length,
  ]);
  expect(sizes).toEqual([
    [60, 15],
    [20, 5],
    [20, 5],
  ]);
  expect(preprocessing.notes).toEqual(['3 rows without "y" left out']);
  const mean = (splits.train.x.data as Float32Array).reduce((a, b) => a + b, 0) / 60;
  expect(mean).toBeCloseTo(0, 5);
});

test('groups stay together and are no feature', () => {
  const records = table(60, { patient: (i) => `p${i % 12}`, ...base });
  const { splits, preprocessing } = prepareTable(records, { group: 'patient' });
  expect(preprocessing.columns.map((c) => c.name)).toEqual(['x']);
  expect(Object.values(splits).map((d) => (d.y as Int32Array).length % 5)).toEqual([0, 0, 0]);
});
