import { describe, expect, test } from 'vitest';
import { prepareTable } from '../../src/data/csvFile.ts';
import { openCsvStream } from '../../src/data/csvStream.ts';
import { fitPreprocessing } from '../../src/data/fitTable.ts';
import {
  encode,
  encodeInputs,
  recordsFrom,
  type TablePreprocessing,
} from '../../src/data/preprocess.ts';
import { readPreprocessing } from '../../src/data/readPreprocessing.ts';
import type { FitTableOptions } from '../../src/data/tableOptions.ts';
import { readCsv } from '../../src/formats/csv.ts';
import { parseJson } from '../../src/formats/json.ts';
import { csv, odd, table, yes } from '../support/tables.ts';

describe('decimal commas', () => {
  const german = (i: number) => `${i},5`;

  test.each<[string, Record<string, (i: number) => unknown>, object]>([
    [
      'behind 60 whole numbers',
      { x: (i) => (i < 60 ? i : german(i)) },
      { mean: 49.7, decimal: ',' },
    ],
    ['beside a column with points', { x: german, z: (i) => odd(i) + 0.25 }, { decimal: ',' }],
    ['with an exponent', { x: (i) => `${i},5e1` }, { mean: 500, decimal: ',' }],
    ['below one, three decimals', { x: (i) => `0,${100 + i}` }, { decimal: ',' }],
    [
      'three decimals, sure by another column',
      { x: (i) => `${i + 1},500`, z: german },
      { mean: 51 },
    ],
  ])('%s', async (_, columns, expected) => {
    const text = Object.keys({ ...columns, y: yes }).join(';');
    const rows = Array.from({ length: 100 }, (_, i) =>
      Object.values({ ...columns, y: yes })
        .map((f) => f(i))
        .join(';'),
    );
    const whole = `${text}\n${rows.join('\n')}\n`;
    const records = await csv(whole);
    const byHand = table(100, { ...columns, y: yes });
    const quoted = await csv(whole.replaceAll(/[^;\n]+/g, '"$&"').replaceAll(';', ','));
    const stream = await openCsvStream(() => whole, { fractions: { train: 1, dev: 0, test: 0 } });
    const ways = [records, byHand, quoted].map((r) => fitPreprocessing(r));
    for (const { columns: found, notes } of [...ways, stream.preprocessing]) {
      expect(notes).toEqual([]);
      expect(found).toHaveLength(Object.keys(columns).length);
      const { mean, ...rest } = expected as { mean?: number };
      expect(found[0]).toMatchObject({ kind: 'number', name: 'x', missing: [], ...rest });
      if (mean !== undefined) expect((found[0] as { mean: number }).mean).toBeCloseTo(mean, 9);
    }
  });

  test('points and commas mean the same to a model; thousands are no guess', () => {
    const fitted = fitPreprocessing(table(40, { x: german, y: yes }));
    const x = (p: TablePreprocessing, cell: unknown) =>
      encodeInputs(p, recordsFrom([{ x: cell }], 'new')).data[0];
    expect(x(fitted, '3,5')).toBe(x(fitted, 3.5));
    expect(x(fitted, '1,250')).toBe(x(fitted, 1.25));
    const points = fitPreprocessing(table(40, { x: (i) => i + 0.5, y: yes }));
    expect(x(points, '3,5')).toBe(x(points, 3.5));
    expect(() => x(points, '1,250')).toThrow('new row 1: column "x" is "1,250", expected a number');
  });

  test('options say it otherwise', async () => {
    const records = table(40, { x: (i) => `${i + 1},250`, z: (i) => `${i},5`, y: yes });
    const names = (decimal?: FitTableOptions['decimal']) =>
      fitPreprocessing(records, { decimal }).columns.map((c) => [c.name, c.kind]);
    const both = [
      ['x', 'number'],
      ['z', 'number'],
    ];
    expect(names(',')).toEqual(both);
    expect(names(['z'])).toEqual([['z', 'number']]);
    expect(() => names('.')).toThrow('no column to learn from');
    expect((await readCsv('a;b\n1,5;x\n', { decimal: '.' })).rows).toEqual([['1,5', 'x']]);
    expect(() => names(['q'])).toThrow('unknown column of t.csv "q"');
    expect(() => names(';' as never)).toThrow(
      'fitPreprocessing: decimal is ";", expected "." or ","',
    );
  });

  test('a target with commas', () => {
    const regression = fitPreprocessing(table(40, { x: odd, y: german }));
    expect(regression.target).toMatchObject({ task: 'regression', mean: 20, decimal: ',' });
    const classes = table(40, { x: odd, y: (i) => `${i % 2},5` });
    const fitted = fitPreprocessing(classes, { task: 'classification' });
    expect(encode(fitted, classes).y).toEqual(Int32Array.from({ length: 40 }, (_, i) => i % 2));
  });
});

describe('what users say of columns goes before all else', () => {
  const all = {
    row: (i: number) => i + 1,
    same: () => 3,
    customer: (i: number) => 1000 + (i % 20),
    note: (i: number) => `${i % 2 ? 'Fast, and' : 'slow;'} parcel ${i}`,
    y: yes,
  };
  const records = table(60, all);

  test('as the cells look', () => {
    const { columns, notes } = fitPreprocessing(records);
    expect(columns.map((c) => [c.name, c.kind])).toEqual([['customer', 'number']]);
    expect(notes).toEqual([
      'column row: left out, it counts the rows',
      'column same: left out, constant',
      'column note: left out, its words differ in most rows',
    ]);
  });

  test('as types say', () => {
    const types = { row: 'number', same: 'number', customer: 'category', note: 'text' } as const;
    const p = fitPreprocessing(records, { types });
    expect(p.notes).toEqual([]);
    expect(p.columns).toMatchObject([
      { name: 'row', kind: 'number', mean: 30.5 },
      { name: 'same', kind: 'number', mean: 3, std: 1 },
      { name: 'customer', kind: 'category', categories: { length: 20 }, unknown: false },
      { name: 'note', kind: 'text' },
    ]);
    const { x, featureNames } = encode(p, records);
    const at = (name: string) => x.data[(x.shape[1] as number) * 7 + featureNames!.indexOf(name)];
    expect(
      ['note:fast', 'note:and', 'note:parcel', 'note:7', 'note:slow', 'note:8'].map(at),
    ).toEqual([1, 1, 1, 1, 0, 0]);
    expect([at('same'), at('customer=1007'), at('customer=1008')]).toEqual([0, 1, 0]);
    const json = new TextEncoder().encode(JSON.stringify(p));
    expect(readPreprocessing(parseJson(json, 'model.json'))).toEqual(p);
  });

  test('category holds more than 256; drop is noted', () => {
    const many = table(900, { c: (i) => i % 300, d: odd, y: yes });
    const p = fitPreprocessing(many, { types: { c: 'category', d: 'drop' } });
    expect(p.columns).toMatchObject([{ name: 'c', categories: { length: 300 }, unknown: false }]);
    expect(p.notes).toEqual(['column d: left out, as asked']);
  });

  test('years that decide stay, with a word; row numbers alone are an error that names them', () => {
    const years = fitPreprocessing(table(40, { year: (i) => 1980 + i, y: (i) => i * i }));
    expect(years.columns).toMatchObject([{ kind: 'number', name: 'year' }]);
    expect(years.notes).toEqual(['column year: it counts the rows; drop it if they have no order']);
    expect(() => fitPreprocessing(table(40, { id: (i) => i, y: yes }))).toThrow(
      'no column to learn from beside "y" (column id: left out, it counts the rows)',
    );
    const ids = fitPreprocessing(table(40, { customer_id: (i) => (i * 7) % 13, y: yes }));
    expect(ids.notes).toEqual([
      'column customer_id: read as numbers; as a category each of them is told apart',
    ]);
  });

  test.each<[string, object, string]>([
    [
      'unknown type',
      { types: { row: 'numbr' } },
      'type of column "row" "numbr"; did you mean "number"',
    ],
    ['unknown column', { types: { rwo: 'drop' } }, 't.csv: no column "rwo"; did you mean "row"?'],
    [
      'words as numbers',
      { types: { note: 'number' } },
      'column "note" is "slow; parcel 0" in line 1',
    ],
    ['the target dropped', { types: { y: 'drop' } }, '"y" is the target, which cannot be dropped'],
    [
      'classes and regression',
      { types: { y: 'category' }, task: 'regression' },
      'target "y" is "category", but task is "regression"',
    ],
    ['missing', { missing: 'NA' }, 'missing is "NA", expected a list of texts'],
    ['types', { types: ['row'] }, 'types are [row], expected { column: type }'],
    ['task', { task: 'regresion' }, 'unknown task "regresion"; did you mean "regression"'],
    ['another option', { categorical: ['customer'] }, 'unknown option of'],
  ])('refused: %s', async (_, options, message) => {
    expect(() => fitPreprocessing(records, options)).toThrow(message);
    expect(() => prepareTable(records, options)).toThrow(message);
    const text = `row,same,customer,note,y\n${records.rows.map((r) => r.map((c) => `"${c}"`).join()).join('\n')}`;
    const name = { name: 't.csv' };
    await expect(openCsvStream(() => text, { ...options, ...name })).rejects.toThrow(
      message.replace('line 1', 'line 2'),
    );
  });

  test('the group is no feature', () => {
    expect(() =>
      prepareTable(records, { group: 'customer', types: { customer: 'number' } }),
    ).toThrow('types: "customer" is the group, which is no feature');
  });
});

describe('missing cells', () => {
  test('one word in many rows of numbers is one; as a category it stays a word', () => {
    const records = table(40, { x: (i) => (i % 3 ? odd(i) : 'unknown'), y: yes });
    const p = fitPreprocessing(records);
    expect(p.columns).toMatchObject([{ kind: 'number', missing: ['unknown'] }]);
    expect(p.notes).toEqual(['column x: "unknown" (line 1) is not a number and counts as missing']);
    const asked = fitPreprocessing(records, { missing: ['unknown'] });
    expect([asked.columns, asked.notes]).toMatchObject([[{ kind: 'number', missing: [] }], []]);
    const sizes = fitPreprocessing(table(40, { x: (i) => ['1', '2', '3+'][i % 3], y: yes }));
    expect(sizes.columns).toMatchObject([{ kind: 'category', categories: ['1', '2', '3+'] }]);
    expect(sizes.notes).toEqual(['column x: read as words; "3+" (line 3) is not a number']);
  });

  test('given texts are missing beside the usual ones, in new rows, too; an empty list: none but the empty cell', () => {
    const cells = ['NA', 'DE', '-999', ''];
    const records = table(40, {
      c: (i) => cells[i % 4],
      x: (i) => (i % 4 ? odd(i) : -999),
      y: yes,
    });
    const p = fitPreprocessing(records, { missing: [-999] });
    expect(p.columns).toMatchObject([
      { kind: 'category', categories: ['DE'], unknown: true },
      { kind: 'number', missing: [] },
    ]);
    expect([...encodeInputs(p, recordsFrom([{ c: 'NA', x: -999 }])).data]).toEqual([0, 1, 0]);
    const none = fitPreprocessing(records, { missing: [] });
    expect(none.columns[0]).toMatchObject({ categories: ['-999', 'DE', 'NA'] });
  });

  test('a class called NA keeps its rows, unless it is named', () => {
    const records = table(60, { x: odd, y: (i) => ['NA', 'EU', 'AS'][i % 3] });
    const { splits, preprocessing } = prepareTable(records);
    expect(splits.train.classNames).toEqual(['AS', 'EU', 'NA']);
    expect(Object.values(splits).reduce((n, d) => n + d.x.shape[0], 0)).toBe(60);
    expect(preprocessing.notes).toEqual([
      'column y: "NA" is a class; name it in `missing` if its rows have no target',
    ]);
    const asked = prepareTable(records, { missing: ['NA'] });
    expect(asked.splits.train.classNames).toEqual(['AS', 'EU']);
    expect(asked.preprocessing.notes).toEqual(['20 rows without "y" left out']);
    const marked = table(60, {
      x: (i) => (i % 4 ? odd(i) : ['?', '-', 'null'][i % 3]),
      y: (i) => ['NA', 'EU', 'AS'][i % 3],
    });
    expect(fitPreprocessing(marked, { missing: ['NA'] }).columns[0]?.kind).toBe('number');
  });

  test('a marker among values of the target is named', () => {
    const records = table(60, { x: odd, y: (i) => (i % 10 === 4 ? 'NA' : i / 7) });
    expect(() => prepareTable(records)).toThrow(
      'too many for classes, and "NA" (line 5) is not a number; name it in `missing` if its rows have no target',
    );
    const { preprocessing } = prepareTable(records, { missing: ['NA'] });
    expect(preprocessing.target.task).toBe('regression');
  });
});

test('classes that f64 cannot tell apart stay apart', () => {
  const ids = ['9007199254740992', '9007199254740993'];
  const records = table(40, { x: odd, y: (i) => ids[i % 2] });
  const p = fitPreprocessing(records);
  expect(p.target).toMatchObject({ task: 'classification', classNames: ids });
  expect(encode(p, records).y).toEqual(Int32Array.from({ length: 40 }, (_, i) => i % 2));
  const other = recordsFrom([{ x: 1, y: '9007199254740994' }]);
  expect(() => encode(p, other)).toThrow('target "y" is "9007199254740994"');
  const asText = fitPreprocessing(table(40, { x: odd, y: (i) => ['1', '01', '1.0'][i % 3] }), {
    types: { y: 'category' },
  });
  expect(asText.target).toMatchObject({ classNames: ['01', '1', '1.0'] });
});

test('a target of prices says which cell is no number', () => {
  const records = table(40, { x: odd, y: (i) => `$${i}` });
  expect(() => fitPreprocessing(records)).toThrow(
    'has 40 different values in 40 rows, too many for classes, and "$0" (line 1) is not a number',
  );
});
