import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { writeIdx } from '../../src/formats/idx.ts';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';

const folder = temporaryFolder();
const cwd = folder.path;
afterAll(() => folder[Symbol.dispose]());

const ROWS = Array.from({ length: 30 }, (_, i) => `${(i * 1.7) % 5},${i % 3},${i % 2 ? 'x' : 'y'}`);
const GOOD = `a,b,c\n${ROWS.join('\n')}\n`;

const TABLES: Record<string, string> = {
  good: GOOD,
  ragged: GOOD.replace('\n', '\n1,2\n'),
  raw: ROWS.map((r) => r.replace(/,[xy]$/, ',1')).join('\n'),
  empty: '',
  headerOnly: 'a,b,c\n',
  constantTarget: GOOD.replaceAll(/,[xy]\n/g, ',7.5\n'),
  oneClass: GOOD.replaceAll(/,[xy]\n/g, ',x\n'),
  constantFeatures: `a,c\n${ROWS.map((_, i) => `1,${i % 2}`).join('\n')}`,
  twice: GOOD.replace('a,b', 'a,a'),
  open: GOOD.replace(/x\n$/, '"x\n'),
};

const bytes = (shape: number[]) => ({
  data: Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => i % 7),
  shape,
});

/** A folder of IDX files, with one of them spoilt. */
async function idx(
  name: string,
  file: string,
  spoil: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<void> {
  mkdirSync(join(cwd, name));
  for (const [part, n] of [
    ['train', 20],
    ['t10k', 10],
  ] as const) {
    for (const [kind, shape] of [
      ['images-idx3', [n, 4, 4]],
      ['labels-idx1', [n]],
    ] as const) {
      const gzip = await writeIdx(bytes([...shape]), { gzip: name.startsWith('gz') });
      const title = `${part}-${kind}-ubyte`;
      const written = title === file ? spoil(gzip) : gzip;
      if (written.length > 0)
        writeFileSync(join(cwd, name, `${title}${name.startsWith('gz') ? '.gz' : ''}`), written);
    }
  }
}

const IMAGES = 'train-images-idx3-ubyte';

beforeAll(async () => {
  for (const [name, text] of Object.entries(TABLES)) writeFileSync(join(cwd, `${name}.csv`), text);
  writeFileSync(
    join(cwd, 'binary.csv'),
    Uint8Array.from({ length: 999 }, (_, i) => (i * 37) % 256),
  );
  mkdirSync(join(cwd, 'nothing/inside'), { recursive: true });
  mkdirSync(join(cwd, 'foreign'));
  writeFileSync(join(cwd, 'foreign/diary.txt'), 'mine');
  await idx('cut', IMAGES, (b) => b.slice(0, 100));
  await idx('missing', 'train-labels-idx1-ubyte', () => new Uint8Array(0));
  await idx('huge', IMAGES, (b) => Uint8Array.from(b, (x, i) => (i >= 4 && i < 16 ? 0xff : x)));
  await idx('gzCut', IMAGES, (b) => b.slice(0, b.length - 12));
  await idx('gzFlipped', IMAGES, (b) =>
    Uint8Array.from(b, (x, i) => (i === b.length - 20 ? x ^ 0x10 : x)),
  );
});

test.each([
  ['ragged.csv', /ragged\.csv line 2: 2 cells, expected 3/],
  ['raw.csv', /first line is not a header/],
  ['empty.csv', /empty\.csv: the file is empty/],
  ['headerOnly.csv', /no rows/],
  ['constantTarget.csv', /target "c" (is constant|has one class)/],
  ['oneClass.csv', /target "c" has one class only \("x"\)/],
  ['constantFeatures.csv', /no column to learn from/],
  ['twice.csv', /"a"/],
  ['open.csv', /line \d+.*quote/],
  ['binary.csv', /binary\.csv/],
  ['good.csv --target d', /no column "d"/],
  ['good.csv --target c --task regression', /expected a number/],
  ['absent.csv', /absent\.csv: no such file or folder/],
  ['nothing', /nothing: no images/],
  ['nothing/inside', /nothing\/inside: no data/],
  ['cut', /cut\/train-images-idx3-ubyte: .*100 bytes/],
  ['huge', /huge\/train-images-idx3-ubyte: /],
  ['missing', /missing: train-labels-idx1-ubyte is missing/],
  ['gzCut', /gzCut\/train-images-idx3-ubyte\.gz: /],
  ['gzFlipped', /gzFlipped\/train-images-idx3-ubyte\.gz: /],
  [`cut/${IMAGES}`, /images without classes/],
  ['good.csv --out foreign', /foreign: the folder holds other files/],
  ['good.csv --out good.csv', /good\.csv: is a file/],
  ['good.csv --out good.csv/sub', /cannot be written/],
  ['good.csv --out .', /current folder/],
  ['good.csv --json foreign', /foreign: is a folder, expected a file/],
  ['good.csv --json good.csv/report.json', /cannot be written/],
  [
    'good.csv --lr 1e30 --l2 1 --epochs 3 --batch-size 1',
    /training failed: the loss is NaN|Infinity/,
  ],
])('train --data %s: one line, code 1, nothing written', (line, message) => {
  const before = readdirSync(cwd);
  const { status, stderr } = wasmgrad(`train --data ${line}`, { cwd });
  const lines = stderr.split('\n').filter((l) => l && !/^(epoch|note)/.test(l));
  expect({ status, lines }).toEqual({ status: 1, lines: [expect.stringMatching(/^wasmgrad: /)] });
  expect(lines[0]).toMatch(message);
  expect(lines[0]).not.toMatch(/undefined|\[object|Error:/);
  expect(readdirSync(cwd)).toEqual(before);
  expect(readdirSync(join(cwd, 'foreign'))).toEqual(['diary.txt']);
});

test.runIf(existsSync('/dev/full'))('a full disk', () => {
  const { status, stderr } = wasmgrad(
    'train --data good.csv --epochs 1 --out kept --json /dev/full',
    { cwd },
  );
  expect({ status, stderr }).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/\/dev\/full: cannot be written \(the disk is full\)\n$/),
  });
  expect(readdirSync(join(cwd, 'kept'))).toContain('model.json');
});

test.runIf(existsSync('/proc/self'))('a place that takes no folders', () => {
  const { status, stderr } = wasmgrad('train --data good.csv --out /proc/wasmgrad/run', { cwd });
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'wasmgrad: /proc/wasmgrad/run: cannot be written (no such file or folder)\n',
  });
});

test.each([
  ['predict nowhere --data good.csv', /nowhere: no such file or folder/],
  ['predict foreign --data good.csv', /model\.json is missing/],
  ['evaluate spoilt --data good.csv', /spoilt\/model\.json: damaged JSON/],
])('%s', (line, message) => {
  mkdirSync(join(cwd, 'spoilt'), { recursive: true });
  writeFileSync(join(cwd, 'spoilt/model.json'), '{"format":');
  const { status, stdout, stderr } = wasmgrad(line, { cwd });
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^wasmgrad: [^\n]+\n$/);
  expect(stderr).toMatch(message);
});
