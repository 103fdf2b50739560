import { expect, test } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { DataError, OptionError } from '../../src/runtime/errors.ts';
import { sequential } from '../../src/train/model.ts';
import type { BatchStream, StreamBatch } from '../../src/train/source.ts';

const batch: StreamBatch = {
  x: [
    [1, 2],
    [3, 4],
  ],
  y: [[1], [2]],
};

function* two(): Generator<StreamBatch> {
  yield batch;
  yield batch;
}

async function* later(): AsyncGenerator<StreamBatch> {
  yield* two();
}

function readable(): ReadableStream<StreamBatch> {
  return new ReadableStream({
    start(control) {
      control.enqueue(batch);
      control.enqueue(batch);
      control.close();
    },
  });
}

/** The same thing at each call. */
function same<T>(thing: T): () => T {
  return () => thing;
}

const aStream = 'expected a function that makes a new stream for each epoch';
const noBatches = `fit: the stream has no batches in epoch 1; ${aStream}`;
const refused = `fit: got a generator or stream; ${aStream}`;

const cases: [string, () => unknown, new (...args: never[]) => Error, string][] = [
  ['a function that gives a used generator', () => same(two()), DataError, noBatches],
  ['a function that gives a used stream', () => same(readable()), DataError, noBatches],
  ['a generator', later, OptionError, refused],
  ['a web stream', readable, OptionError, refused],
  ['no batches', () => () => [], DataError, `fit: the stream has no batches; ${aStream}`],
  [
    'nothing',
    () => () => undefined,
    OptionError,
    "fit: the stream's function gave undefined, expected batches",
  ],
  [
    'rows instead of batches',
    () => () => [batch, [1, 2]],
    DataError,
    'fit: the stream gave [1,2], expected batches { x, y }',
  ],
  ['a batch without examples', () => () => [{ x: [], y: [] }], DataError, 'input: no examples'],
];

function line() {
  return sequential([dense(1)], { inputShape: [2], seed: 1 }).compile({
    optimizer: 'sgd',
    loss: 'mse',
  });
}

test.each(cases)('%s: refused in words', async (name, make, Kind, message) => {
  using net = line();
  await net.build();
  const before = await net.getWeights();
  let ended = 0;
  const error = await net
    .fit(make() as BatchStream, { epochs: 3, callbacks: [() => ended++] })
    .catch((e) => e);
  expect(error).toBeInstanceOf(Kind);
  expect(error.message).toBe(message);
  const trained = name === 'rows instead of batches';
  if (!trained) expect(await net.getWeights()).toEqual(before);
  expect(ended).toBe(0);
  expect(net.epochs).toBe(trained ? 1 : 0);
  // The model trains as if nothing had been.
  const { history } = await net.fit(two, { epochs: 2 });
  expect(history['loss']?.every(Number.isFinite)).toBe(true);
});

test('a stream that is not touched when it is refused', async () => {
  using net = line();
  const stream = readable();
  await expect(net.fit(stream as unknown as BatchStream)).rejects.toThrow(refused);
  let read = 0;
  for await (const _ of stream) read++;
  expect(read).toBe(2);
});

test('an epoch behind others that has no batches says which', async () => {
  using net = line();
  let calls = 0;
  const stream = () => (calls++ < 2 ? [batch] : []);
  await expect(net.fit(stream, { epochs: 3 })).rejects.toThrow('no batches in epoch 2');
  expect(net.epochs).toBe(1);
});

test('stopped before its first batch, it is no error', async () => {
  using net = line();
  const stop = { onEpochBegin: () => (net.stopTraining = true) };
  const { history } = await net.fit(two, { callbacks: [stop] });
  expect(history).toEqual({});
});

test.each([
  ['a used stream', () => two()],
  ['a function', () => two],
])('validation on %s is refused before anything is read', async (_, make) => {
  using net = line();
  const validationData = make() as never;
  let asked = 0;
  const stream = () => {
    asked++;
    return two();
  };
  await expect(net.fit(stream, { validationData })).rejects.toThrow(
    /fit: validationData is an? (object|function), expected \[x, y\]/,
  );
  await expect(net.fit(batch.x, batch.y, { validationData })).rejects.toThrow('expected [x, y]');
  expect(asked).toBe(0);
});

test('empty data and streams where arrays belong', async () => {
  using net = line();
  await net.build();
  const empty: never[] = [];
  for (const call of [
    () => net.evaluate(empty, empty),
    () => net.predict(empty),
    () => net.predict(new Float32Array(0)),
    () => net.predict({ data: new Float32Array(0), shape: [0, 2] }),
    () => net.fit(empty, empty),
    () => net.fit(batch.x, batch.y, { validationData: [empty, empty] }),
    async () => net.predictSync(empty),
  ])
    await expect(call()).rejects.toThrow('input: no examples');
  for (const stream of [two(), two, readable()] as never[]) {
    await expect(net.evaluate(stream, batch.y)).rejects.toThrow('expected arrays');
    await expect(net.predict(stream)).rejects.toThrow('expected arrays');
  }
});

test('a mistyped name in a batch is refused', async () => {
  const net = sequential([dense(1)]).compile({ optimizer: 'sgd', loss: 'mse' });
  const typo = { ...batch, sampleWeigth: [0, 1] };
  await expect(net.fit(() => [typo], { epochs: 1 })).rejects.toThrow(
    'did you mean "sampleWeight"?',
  );
});
