import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';

const folder = temporaryFolder();
const cwd = folder.path;
afterAll(() => folder[Symbol.dispose]());

const sharp = new URL('../support/sharp.ts', import.meta.url).href;
const inFolder = (line: string) =>
  wasmgrad(line, { cwd, env: { NODE_OPTIONS: `--import=${sharp}` } });

function write(path: string, ...bytes: number[]) {
  mkdirSync(dirname(join(cwd, path)), { recursive: true });
  writeFileSync(join(cwd, path), Uint8Array.from(bytes));
}

beforeAll(() => {
  for (let i = 0; i < 20; i++) {
    write(`pets/cat/${i}.webp`, 2, i, i, i, i);
    write(`pets/dog/${i}.jfif`, 2, 255 - i, 255 - i, 255 - i, 255 - i);
  }
  for (const name of ['1.heic', '2.heic', 'Thumbs.db', '.DS_Store']) write(`pets/fox/${name}`, 1);
  for (const name of ['dog/more/1.png', 'dog/list.txt', 'stray.heic']) write(`pets/${name}`, 1);
  for (const name of ['a.webp', 'b.gif']) write(`loose/${name}`, 2, 9, 9, 9, 9);
  for (const name of ['c.heic', 'labels.csv', 'in/d.png']) write(`loose/${name}`, 1);
  write('whole/cat/1.png', 1, 9);
  write('whole/dog/1.png', 1, 250);
});

const unread = [
  'class "fox" is missing: nothing in fox could be read',
  '4 files not read: stray.heic, dog/more/1.png, fox/1.heic, fox/2.heic',
  '1 file that is no image: dog/list.txt',
]
  .map((note) => `note: ${note}\n`)
  .join('');

test('train, evaluate and predict say what was not read, last', () => {
  const trained = inFolder('train --data pets --model linear --epochs 2 --out run --no-report');
  const notes = trained.stderr.replace(/^epoch .*\n/gm, '');
  expect([trained.status, notes]).toEqual([0, unread]);
  expect(trained.stdout).toMatch(/examples of 2×2, 2 classes$/m);

  const evaluated = inFolder('evaluate run --data pets');
  expect([evaluated.status, evaluated.stderr]).toEqual([0, unread]);
  expect(evaluated.stdout).toMatch(/^40 examples: /);

  const asked = inFolder('predict run --data pets');
  expect([asked.status, asked.stderr]).toEqual([0, unread]);
  expect(asked.stdout.trimEnd().split('\n')).toHaveLength(40);

  const loose = inFolder('predict run --data loose');
  expect(loose.stderr).toBe(
    'note: 2 files not read: c.heic, in/d.png\nnote: 1 file that is no image: labels.csv\n',
  );
  const files = loose.stdout.trimEnd().split('\n');
  expect(files.map((line) => JSON.parse(line).file)).toEqual(['loose/a.webp', 'loose/b.gif']);

  for (const line of ['evaluate run --data whole', 'predict run --data whole'])
    expect([inFolder(line).status, inFolder(line).stderr]).toEqual([0, '']);
});
