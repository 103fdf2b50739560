import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readCsvFile } from '../../src/data/csvFile.ts';
import { type CsvOptions, csvBatches, readCsv } from '../../src/formats/csv.ts';
import { gzip } from '../../src/formats/gzip.ts';
import { DataError } from '../../src/runtime/errors.ts';

const utf8 = (text: string) => new TextEncoder().encode(text);
const utf16 = (text: string) =>
  new Uint8Array(Uint16Array.from(`\ufeff${text}`, (c) => c.charCodeAt(0)).buffer);

type Rows = string[][];
const AB: Rows = [
  ['a', 'b'],
  ['1', 'x'],
  ['2', 'y'],
];

test.each<[string, Parameters<typeof readCsv>[0], Rows]>([
  ['plain', 'a,b\n1,x\n2,y\n', AB],
  ['no newline at the end', 'a,b\n1,x\n2,y', AB],
  ['CRLF', 'a,b\r\n1,x\r\n2,y\r\n', AB],
  ['CR', 'a,b\r1,x\r2,y\r', AB],
  ['byte order mark', '\ufeffa,b\n1,x\n2,y\n', AB],
  ['byte order mark in bytes', utf8('\ufeffa,b\n1,x\n2,y\n'), AB],
  ['UTF-16', utf16('a,b\n1,x\n2,y\n'), AB],
  ['blank lines', '\na,b\n\n1,x\n  \n2,y\n\n', AB],
  ['spaces', ' a , b\n1 ,x \n 2, y\n', AB],
  ['semicolons', 'a;b\n1;x\n2;y\n', AB],
  ['tabs', 'a\tb\n1\tx\n2\ty\n', AB],
  ['bars', 'a|b\n1|x\n2|y\n', AB],
  ['spaces between', 'a b\n1  x\n2 y\n', AB],
  [
    'commas in cells of tabs',
    'a\tb\n1,5,3\tx\n2,1\ty\n',
    [
      ['a', 'b'],
      ['1,5,3', 'x'],
      ['2.1', 'y'],
    ],
  ],
  [
    'decimal commas',
    'a;b\n1,5;x\n-2,25;y\n',
    [
      ['a', 'b'],
      ['1.5', 'x'],
      ['-2.25', 'y'],
    ],
  ],
  [
    'decimal commas beside points',
    'a;b\n1.5;1,2\n',
    [
      ['a', 'b'],
      ['1.5', '1.2'],
    ],
  ],
  [
    'decimal commas behind 60 whole numbers',
    `a;b\n${'1;x\n'.repeat(60)}3,5;x\n`,
    [['a', 'b'], ...Array(60).fill(['1', 'x']), ['3.5', 'x']],
  ],
  [
    'thousands stay',
    'a;b\n1,234,567;1.5\n1,234;2.5\n',
    [
      ['a', 'b'],
      ['1,234,567', '1.5'],
      ['1,234', '2.5'],
    ],
  ],
  [
    'a column with both stays',
    'a;b\n1.5;x\n1,5;y\n',
    [
      ['a', 'b'],
      ['1.5', 'x'],
      ['1,5', 'y'],
    ],
  ],
  ['quotes', '"a","b"\n"1","x"\n2,"y"\n', AB],
  ['quotes late, CRLF', 'a,b\r\n1,x\r\n2,"y"\r\n', AB],
  [
    'quoted separators, newlines, quotes',
    'a,b\n"1,5","x\ny"\n2,"say ""y"""\n',
    [
      ['a', 'b'],
      ['1,5', 'x\ny'],
      ['2', 'say "y"'],
    ],
  ],
  [
    'quoted separators in the header',
    '"a,1";b\n1;x\n',
    [
      ['a,1', 'b'],
      ['1', 'x'],
    ],
  ],
  [
    'unnamed first column',
    ',b\n1,x\n',
    [
      ['row', 'b'],
      ['1', 'x'],
    ],
  ],
  [
    'empty cells',
    'a,b\n,\n1,\n',
    [
      ['a', 'b'],
      ['', ''],
      ['1', ''],
    ],
  ],
  [
    'columns called by number beside a name',
    '0,1,2,target\n5,6,7,x\n',
    [
      ['0', '1', '2', 'target'],
      ['5', '6', '7', 'x'],
    ],
  ],
  [
    'years as columns',
    'land,1990,1991,1992\nA,1,2,3\n',
    [
      ['land', '1990', '1991', '1992'],
      ['A', '1', '2', '3'],
    ],
  ],
  ['gzip', await gzip(utf8('a,b\n1,x\n2,y\n')), AB],
  ['Blob', new Blob(['a,b\n1,x\n', '2,y\n']), AB],
  ['stream', new Response('a,b\n1,x\n2,y\n').body as ReadableStream<Uint8Array>, AB],
])('%s', async (_, source, [columns, ...rows]) => {
  const read = await readCsv(source);
  expect(read.columns).toEqual(columns);
  expect(read.rows).toEqual(rows);
});

test('the line of each row, quoted newlines and blank lines counted', async () => {
  const { lines } = await readCsv('a,b\n1,2\n\n3,4\n"x\ny",5\n6,7\n');
  expect(lines).toEqual([2, 4, 5, 7]);
});

test.each<[string, string | Uint8Array, string, CsvOptions?]>([
  ['ragged', 'a,b\n1,2\n\n3,4,5\n', 'x.csv line 4: 3 cells, expected 2 as in the header'],
  ['ragged, few', 'a,b\n1\n', 'x.csv line 2: 1 cell, expected 2 as in the header'],
  ['ragged behind quotes', 'a,b\n"1\n2",3\n4,5,6\n', 'x.csv line 4: 3 cells, expected 2'],
  ['empty', '', 'x.csv: the file is empty'],
  ['only blank lines', '\n\n', 'x.csv: the file is empty'],
  ['no rows', 'a,b\n', 'x.csv: no rows below the header'],
  [
    'numbers as header',
    '1,2,3\n4,5,6\n',
    'x.csv: first line is not a header (1, 2, 3), expected the names of the columns',
  ],
  [
    'counts as header',
    '150,4,setosa,versicolor,virginica\n5.1,3.5,1.4,0.2,0\n',
    'first line is not a header (150, 4, setosa, versicolor, virginica)',
  ],
  ['data as header', 'red,5.1,3.5\nblue,1.4,0.2\n', 'first line is not a header (red, 5.1, 3.5)'],
  ['unnamed column', 'a,,c\n1,2,3\n', 'x.csv: column 2 has no name in the first line'],
  ['names given twice', 'a,b,a\n1,2,3\n', 'x.csv: columns 1 and 3 are both named "a"'],
  ['quote not closed', 'a,b\n1,2\n3,"4\n5,6\n', 'x.csv line 3: a quote is opened and not closed'],
  ['quote within', 'a,b\n1,2\n3,5" disk\n', 'x.csv line 3: a quote in the middle of a cell'],
  ['text behind a quote', 'a,b\n1,"2"3\n', 'x.csv line 2: text behind a closing quote'],
  ['not UTF-8', Uint8Array.of(97, 44, 98, 10, 0xe9, 44, 49, 10), 'x.csv: not UTF-8 text'],
  ['binary', Uint8Array.of(97, 0, 98), 'x.csv: not a text file'],
  ['gzip cut short', (await gzip(utf8('a,b\n1,2\n'))).slice(0, -5), 'x.csv: damaged gzip data'],
  [
    'ragged with given names',
    '1,2,3\n',
    'x.csv line 1: 3 cells, expected 2',
    { columns: ['a', 'b'] },
  ],
])('%s: refused in one line', async (_, source, message, options = {}) => {
  const error = await readCsv(source, { name: 'x.csv', ...options }).catch(
    (e: unknown) => e as Error,
  );
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toContain(message);
  expect((error as Error).message).not.toContain('\n');
});

test('what is written is read, however the bytes are cut', async () => {
  const cell = fc
    .string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', ' ', 'é', ';'), maxLength: 5 })
    .map((s) => s.trim());
  const table = fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 8 });
  const quote = (s: string) => (/[",\n]/.test(s) ? `"${s.replaceAll('"', '""')}"` : s);
  await fc.assert(
    fc.asyncProperty(table, fc.integer({ min: 1, max: 9 }), async (rows, size) => {
      const bytes = utf8(`x,y,z\n${rows.map((r) => r.map(quote).join(',')).join('\n')}\n`);
      const chunks = (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size);
      })();
      const read = await readCsv(chunks, { delimiter: ',' });
      expect(read.rows).toEqual(rows);
    }),
    { numRuns: 100, seed: 7 },
  );
});

test('long files come in batches; an early end stops the source', async () => {
  let closed = false;
  const source = (async function* () {
    try {
      for (let i = 0; i < 1000; i++) yield utf8(i === 0 ? 'a,b\n' : `${i},${'x'.repeat(5000)}\n`);
    } finally {
      closed = true;
    }
  })();
  for await (const { rows, lines } of csvBatches(source)) {
    expect(rows.length).toBeLessThan(20);
    expect(lines?.[0]).toBe(2);
    break;
  }
  expect(closed).toBe(true);
});

const TOY = '../shared/data/sklearn-toy';
test
  .skipIf(!existsSync(TOY))
  .each([
    'iris.csv',
    'wine_data.csv',
    'breast_cancer.csv',
    'digits.csv.gz',
    'diabetes_data_raw.csv.gz',
  ])('sklearn-toy/%s begins with data', async (file) => {
  await expect(readCsvFile(`${TOY}/${file}`)).rejects.toThrow('first line is not a header');
});
