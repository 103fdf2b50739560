import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { afterAll, expect, test } from 'vitest';
import { openCsvStream } from '../../src/data/csvStream.ts';
import type { CategoryColumn } from '../../src/data/preprocess.ts';
import { dense } from '../../src/nn/index.ts';
import { sequential } from '../../src/train/model.ts';

const N = 3000;
const rows = Array.from({ length: N }, (_, i) => {
  const x = ((i * 7919) % 1000) / 100;
  return `${x},${['red', 'green', 'blue'][i % 3]},${i === 7 ? '' : x > 5 ? 'big' : 'small'}`;
});
const text = `x,colour,y\n${rows.join('\n')}\n`;
const xOf = ({ x }: { x: { data: ArrayLike<number>; shape: readonly number[] } }) =>
  Array.from(
    { length: x.shape[0] as number },
    (_, i) => x.data[i * (x.shape[1] as number)] as number,
  );

const root = await mkdtemp(`${tmpdir()}/wasmgrad-`);
afterAll(() => rm(root, { recursive: true }));
await writeFile(`${root}/t.csv`, text);

test('every row with a target in one part; means of the training rows; each pass in another order', async () => {
  const stream = await openCsvStream(`${root}/t.csv`, { seed: 3 });
  const { train, dev, test: held } = stream.sizes;
  expect(train + dev + held).toBe(N - 1);
  expect([train / N, dev / N, held / N]).toEqual(
    [0.9, 0.05, 0.05].map((f) => expect.closeTo(f, 1)),
  );
  const next = stream.batches('train', { batchSize: 100, shuffleRows: 500 });
  const passes = [];
  for (let pass = 0; pass < 2; pass++) {
    const seen: number[] = [];
    for await (const batch of next()) {
      expect(batch.x.shape[0]).toBeLessThanOrEqual(100);
      seen.push(...xOf(batch));
    }
    expect(seen.length).toBe(train);
    expect(seen.reduce((a, b) => a + b, 0) / train).toBeCloseTo(0, 4);
    passes.push(seen);
  }
  expect(passes[0]).not.toEqual(passes[1]);
  expect(passes.map((p) => p.sort())[0]).toEqual(passes[1]);
  const inOrder = [];
  for await (const batch of stream.batches('train', { shuffleRows: 0 })())
    inOrder.push(...xOf(batch));
  expect(inOrder).toEqual(xOf(await stream.dataset('train')));
  expect((await stream.dataset('dev')).x.shape).toEqual([dev, 4]);
});

test('a model learns from it', async () => {
  const stream = await openCsvStream(() => new Blob([text]));
  using net = sequential([dense(8, { activation: 'tanh' }), dense(2, { activation: 'softmax' })]);
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const dev = await stream.dataset('dev');
  const { history } = await net.fit(stream.batches('train'), {
    epochs: 8,
    validationData: [dev.x, dev.y],
  });
  expect(history['val_accuracy']?.at(-1)).toBeGreaterThan(0.95);
});

test.each<[string, string, object, string]>([
  ['ragged', 'x,y\n1,a\n2,b,c\n', {}, 't.csv line 3: 3 cells'],
  ['no target', text, { target: 'color' }, 't.csv: no column "color"; did you mean "colour"?'],
  ['nothing to train on', 'x,y\n1,\n', {}, 't.csv: no rows to train on'],
])('%s', async (_, source, options, message) => {
  await expect(openCsvStream(() => source, { name: 't.csv', ...options })).rejects.toThrow(message);
});

test('no such file', async () => {
  await expect(openCsvStream(`${root}/none.csv`)).rejects.toThrow(
    'none.csv: no such file or folder',
  );
});

test('columns are read as options say; rows without a target are counted', async () => {
  const stream = await openCsvStream(() => text, {
    target: 'colour',
    types: { x: 'category', y: 'drop' },
    missing: ['red'],
  });
  const { columns, notes, target } = stream.preprocessing;
  expect(columns).toMatchObject([{ kind: 'category', name: 'x', unknown: false }]);
  expect((columns[0] as CategoryColumn).categories.length).toBeGreaterThan(950);
  expect(target).toMatchObject({ classNames: ['blue', 'green'] });
  expect(Object.values(stream.sizes).reduce((a, b) => a + b)).toBe(2000);
  expect(notes).toEqual(['1000 rows without "colour" left out', 'column y: left out, as asked']);
});
