import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadData } from '../../src/cli/load.ts';
import { writeIdxFolder } from '../../src/data/idxFolder.ts';
import { splitDataset } from '../../src/data/split.ts';
import { digits } from '../../src/data/synthetic/index.ts';
import { loadModel } from '../../src/train/load.ts';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';
import { expectStandalone } from '../support/html.ts';

const TABLES = fileURLToPath(new URL('../../../shared/data/tables/', import.meta.url));
const folder = temporaryFolder();
const cwd = folder.path;
afterAll(() => folder[Symbol.dispose]());

/** Two classes by the sign of a, a column of words, a value that follows from both. */
function table(rows: number, targets: 'class' | 'price'): string {
  const lines = Array.from({ length: rows }, (_, i) => {
    const a = Math.sin(12.9898 * i) * 3;
    const colour = ['red', 'green', 'blue'][i % 3] as string;
    const price = 100 + 20 * a + (colour === 'red' ? 30 : 0);
    return `${a.toFixed(4)},${colour},${targets === 'class' ? (a > 0 ? 'yes' : 'no') : price.toFixed(2)}`;
  });
  return `a,colour,${targets}\n${lines.join('\n')}\n`;
}

interface Answer {
  readonly class: string;
  readonly probabilities: Readonly<Record<string, number>>;
}

/** The last digits depend on the size of the batch. */
function closeTo({ class: name, probabilities }: Answer) {
  const close = Object.entries(probabilities).map(([c, p]) => [c, expect.closeTo(p, 5)]);
  return { class: name, probabilities: Object.fromEntries(close) };
}

const json = (name: string) => JSON.parse(readFileSync(join(cwd, name), 'utf8'));
const inFolder = (line: string, input?: string) =>
  wasmgrad(line, { cwd, ...(input === undefined ? {} : { input }) });

beforeAll(() => {
  writeFileSync(join(cwd, 'sides.csv'), table(300, 'class'));
  writeFileSync(join(cwd, 'prices.csv'), table(300, 'price'));
});

describe('a table with classes', () => {
  test('is learned, shown, saved and reported', () => {
    const { status, stdout, stderr } = inFolder(
      'train --data sides.csv --epochs 30 --json out/report.json --seed 3 --threads 2',
    );
    expect({ status, stderr: stderr.split('\n')[0] }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/^epoch {2}1\/30 {2}loss [\d.]+ {2}accuracy /),
    });
    for (const part of [
      /^data {3}sides: 180 train, 60 dev, 60 test examples of 4, 2 classes$/m,
      /^model {2}mlp:64,32, [\d,]+ parameters; adam 0.003/m,
      /^runs {3}\w+ build, 2 threads$/m,
      /^test +[\d.]+ +9\d\.\d\d %|100\.00 %$/m,
      /^true no yes found$/m,
      /^slowest layers/m,
      /^dev accuracy {2}[▁-█]{30} /m,
      /^model and report\.json in runs\/sides-1; report also in out\/report\.json$/m,
    ])
      expect(stdout).toMatch(part);
    expect(stdout).not.toContain('\x1b');
    const report = json('out/report.json');
    expect(report).toMatchObject({
      dataset: 'sides',
      task: 'classification',
      sizes: { train: 180, dev: 60, test: 60 },
      epochs: 30,
      threads: 2,
      seed: 3,
      build: expect.stringMatching(/relaxed|simd/),
      version: expect.any(String),
      seconds: expect.any(Number),
      examplesPerSecond: expect.any(Number),
    });
    expect(report.testAccuracy).toBeGreaterThan(0.9);
    expect(report.metrics.test.accuracy).toBe(report.testAccuracy);
    expect(report.history.val_loss).toHaveLength(30);
    expect(json('runs/sides-1/report.json')).toEqual(report);
    expect(readdirSync(join(cwd, 'runs/sides-1')).sort()).toEqual([
      'details.json',
      'model.json',
      'report.html',
      'report.json',
      'weights.safetensors',
    ]);
  });

  test('evaluate and predict use the saved model alone', async () => {
    const asked = inFolder('evaluate runs/sides-1 --data sides.csv --json eval.json');
    expect(asked).toMatchObject({
      status: 0,
      stderr: '',
      stdout: expect.stringMatching(/^300 examples: loss [\d.]+, accuracy [\d.]+ %\n/),
    });
    expect(json('eval.json')).toMatchObject({
      dataset: 'sides.csv',
      examples: 300,
      metrics: { accuracy: expect.any(Number) },
    });

    writeFileSync(join(cwd, 'new.csv'), 'colour,a\nred,2.5\nblue,-2.5\n,1.5\n');
    const { status, stdout, stderr } = inFolder('predict runs/sides-1 --data new.csv');
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const answers = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(answers.map((a) => a.class)).toEqual(['yes', 'no', 'yes']);
    expect(answers[0].probabilities.yes + answers[0].probabilities.no).toBeCloseTo(1, 5);

    const lines = [
      '{"colour":"red","a":2.5}',
      '',
      '[-2.5,"blue"]',
      '{"a":"1.5","colour":null}',
    ].join('\r\n');
    const streamed = inFolder('predict runs/sides-1/model.json --json-lines', lines).stdout;
    const again = streamed
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(again).toEqual(answers.map(closeTo));
    using model = await loadModel(join(cwd, 'runs/sides-1'));
    expect(model).toMatchObject({ classNames: ['no', 'yes'], metadata: { dataset: 'sides' } });
  });

  test.each([
    ['{"colour":"red","a":1}\n{"colour":"red"}', 'standard input line 2: no "a"'],
    ['[1]', 'standard input line 1: 1 values, expected 2 (a, colour)'],
    ['{"a":', 'standard input line 1: not JSON'],
    ['7', 'standard input line 1: expected an object of columns or an array'],
    ['["x","red"]', 'standard input line 1: column "a" is "x", expected a number'],
    ['[[1],"red"]', 'standard input line 1: "a" is no single value'],
  ])('predict refuses %s', (input, message) => {
    const { status, stdout, stderr } = inFolder('predict runs/sides-1 --json-lines', input);
    expect({ status, lines: stdout.split('\n').length - 1 }).toEqual({
      status: 1,
      lines: input.split('\n').length - 1,
    });
    expect(stderr).toMatch(/^wasmgrad: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });

  test('the same seed gives the same model, a second run a folder of its own', () => {
    expect(inFolder('train --data sides.csv --epochs 30 --seed 3 --threads 1').stdout).toContain(
      'runs/sides-2',
    );
    const weights = (n: number) => readFileSync(join(cwd, `runs/sides-${n}/weights.safetensors`));
    expect(weights(2).equals(weights(1))).toBe(true);
  });
});

test('a table with numbers is a regression', () => {
  const { status, stdout } = inFolder(
    'train --data prices.csv --out prices --reproducible --optimizer adamw --lr 0.005 --patience 50 --batch-size 20',
  );
  expect(status).toBe(0);
  expect(stdout).toMatch(/ 4, regression\n/);
  expect(stdout).toMatch(/prediction − truth:\nleast/);
  expect(json('prices/report.json')).toMatchObject({
    task: 'regression',
    build: 'simd',
    settings: { optimizer: 'adamw', batchSize: 20 },
  });
  expect(json('prices/report.json').metrics.test.r2).toBeGreaterThan(0.9);
  const { value } = JSON.parse(inFolder('predict prices --json-lines', '[1,"red"]').stdout);
  expect(value).toBeGreaterThan(130);
  expect(value).toBeLessThan(170);
  expect(inFolder('train --data prices.csv --out prices --epochs 2 --model linear').status).toBe(0);
  expect(json('prices/report.json')).toMatchObject({ epochs: 2, settings: { model: 'linear' } });
});

test('images: IDX folder, training, evaluation, prediction', async () => {
  const splits = splitDataset(digits(400, { seed: 1 }), { fractions: { train: 0.75, test: 0.25 } });
  await writeIdxFolder(join(cwd, 'images'), splits);
  const { status, stdout } = inFolder('train --data images --model mlp:32 --epochs 3 --out idx');
  expect(status).toBe(0);
  expect(stdout).toMatch(
    /^data {3}images: 240 train, 60 dev, 100 test examples of 28×28, 10 classes$/m,
  );
  expect(inFolder('evaluate idx --data images').stdout).toMatch(/^100 examples: /);
  const answers = inFolder('predict idx --data images/t10k-images-idx3-ubyte.gz')
    .stdout.trimEnd()
    .split('\n');
  expect(answers).toHaveLength(100);
  const first = JSON.stringify([...(splits.test?.x.data.subarray(0, 784) ?? [])]);
  const alone = JSON.parse(inFolder('predict idx --json-lines', first).stdout);
  expect(alone).toEqual(closeTo(JSON.parse(answers[0] as string)));
  expect(inFolder('predict idx --json-lines', '[1,2]').stderr).toContain(
    '2 pixels, expected an array of 28 × 28',
  );
  expect(inFolder('predict idx --data sides.csv').stderr).toContain('the model expects images');
});

describe('columns that the cells alone do not explain', () => {
  /** Ids of customers decide; half of the numbers have a comma, one column counts the rows, a class is called NA. */
  const rows = Array.from({ length: 400 }, (_, i) => {
    const customer = 1000 + ((i * 7) % 40);
    const amount = i < 100 ? String(i % 9) : `${i % 9},5`;
    return `${i + 1};${customer};${amount};n${i};${[2, 3, 5, 7].includes(customer % 11) ? 'NA' : 'EU'}`;
  });
  const flags = '--model linear --epochs 60 --l2 0 --dropout 0 --no-report';
  const trainOn = (more: string) => inFolder(`train --data customers.csv ${flags} ${more}`);
  beforeAll(() => {
    writeFileSync(
      join(cwd, 'customers.csv'),
      `id;customer_id;amount;note;region\n${rows.join('\n')}\n`,
    );
  });

  test('what was left out stands last', () => {
    const { status, stderr } = trainOn('--out c1 --json c1.json');
    expect(status).toBe(0);
    expect(stderr.split('\n').slice(-6)).toEqual([
      'note: column region: "NA" is a class; name it in `missing` if its rows have no target',
      'note: column id: left out, it counts the rows',
      'note: column customer_id: read as numbers; as a category each of them is told apart',
      'note: column note: left out, its words differ in most rows',
      'note: --types column=number|category|text|drop reads columns otherwise',
      '',
    ]);
    expect(json('c1/model.json').preprocessing.columns).toMatchObject([
      { kind: 'number', name: 'customer_id' },
      { kind: 'number', name: 'amount', decimal: ',' },
    ]);
    expect(json('c1.json').testAccuracy).toBeLessThan(0.8);
  });

  test('flags overrule it', () => {
    const { status, stderr } = trainOn(
      '--types customer_id=category,id=drop,note=drop --missing= --out c2 --json c2.json',
    );
    expect({ status }, stderr).toEqual({ status: 0 });
    expect(json('c2.json').testAccuracy).toBeGreaterThan(0.98);
    const asked = (line: string) =>
      JSON.parse(inFolder('predict c2 --json-lines', line).stdout).class;
    expect(asked('{"customer_id": 1002, "amount": "3,5"}')).toBe('EU');
    expect(asked('{"customer_id": 1015, "amount": 3.5}')).toBe('NA');
  });

  test('the same of a file in passes, and by gradcheck', async () => {
    const { notes, preprocessing } = await loadData(join(cwd, 'customers.csv'), {
      task: 'auto',
      seed: 0,
      streamFrom: 1,
      table: { types: { customer_id: 'category' }, decimal: ',', missing: ['NA', 'n7'] },
      target: 'note',
    }).catch((error: Error) => ({ notes: [error.message], preprocessing: undefined }));
    expect(preprocessing).toBeUndefined();
    expect(notes[0]).toMatch(/"note" has 399 different values in 399 rows, too many for classes/);
    const { stderr, status } = inFolder(
      'gradcheck --data customers.csv --model linear --types customer_id=category --decimal ,',
    );
    expect({ status }, stderr).toEqual({ status: 0 });
    expect(stderr).toMatch(/note: column id: left out.*\n.*note: --types column=/s);
  });
});

test('a large file is read in passes', async () => {
  const options = { task: 'auto', seed: 0 } as const;
  const whole = await loadData(join(cwd, 'prices.csv'), options);
  const passes = await loadData(join(cwd, 'prices.csv'), { ...options, streamFrom: 1 });
  expect(whole.stream).toBeUndefined();
  const { train, dev, test: held } = passes.splits;
  expect(passes.examples + (dev?.x.shape[0] ?? 0) + (held?.x.shape[0] ?? 0)).toBe(300);
  expect(train.x.shape).toEqual([passes.examples, 4]);
  let rows = 0;
  for await (const { y } of passes.stream?.(32)() ?? [])
    rows += (y as { shape: readonly number[] }).shape[0] as number;
  expect(rows).toBe(passes.examples);
});

describe.skipIf(!existsSync(TABLES))('tables of ../shared, without a flag', () => {
  test.each([
    ['iris', 0.93],
    ['wine', 0.94],
    ['breast_cancer', 0.96],
    ['digits', 0.97],
    ['diabetes', 0.4],
  ])('%s reaches the level of a classical model', (name, least) => {
    const { status } = inFolder(`train --data ${TABLES}${name}.csv --json ${name}.json`);
    expect(status).toBe(0);
    const { testAccuracy, metrics } = json(`${name}.json`);
    expect(testAccuracy ?? metrics.test.r2).toBeGreaterThanOrEqual(least);
  });
});

test('a convolutional network with all that there is for images', async () => {
  const splits = splitDataset(digits(300, { seed: 2 }), {
    fractions: { train: 0.75, test: 0.25 },
    seed: 1,
  });
  await writeIdxFolder(join(cwd, 'small'), splits);
  const line =
    'train --data small --model cnn:3,4 --epochs 2 --augment --flip --batch-norm --build simd --out c';
  const { status, stdout, stderr } = inFolder(line);
  expect({ status }, stderr).toEqual({ status: 0 });
  expect(stdout).toMatch(/^model {2}cnn:3,4, .*, batch norm, augmentation, mirrored$/m);
  expect(stdout).toMatch(/^runs {3}simd build/m);
  const { augment, flip, batchNorm } = json('c/report.json').settings;
  expect({ augment, flip, batchNorm }).toEqual({ augment: true, flip: true, batchNorm: true });
  const { vision } = json('c/details.json');
  expect(vision.examples).toHaveLength(6);
  expect(vision.activations.map(([layer]: [string]) => layer)).toEqual([
    'conv2D_1 … activation_1',
    'maxPooling2D_1',
  ]);
  const page = readFileSync(join(cwd, 'c/report.html'), 'utf8');
  expectStandalone(page, { pictures: true });
  expect(page).toContain('Filters of the first convolution');
  using net = await loadModel(join(cwd, 'c'));
  expect(net.layers[0]?.type).toBe('augmentation');
});

test('only images are changed at random', () => {
  for (const option of ['augment', 'flip'])
    expect(inFolder(`train --data sides.csv --${option}`)).toMatchObject({
      status: 2,
      stderr: expect.stringContaining(`--${option}: examples are [4], expected images`),
    });
});
