import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { evaluate } from '../src/compile/evaluate.ts';
import { sizeOf } from '../src/graph/shape.ts';
import type { Tensor } from '../src/graph/tensor.ts';
import * as layers from '../src/nn/index.ts';
import { losses } from '../src/nn/loss.ts';
import { gradients } from '../src/ops/gradient.ts';
import * as ops from '../src/ops/index.ts';
import { adam, sgd } from '../src/optim/index.ts';
import { createEngine } from '../src/runtime/create.ts';
import type { Engine } from '../src/runtime/engine.ts';
import { sequential } from '../src/train/model.ts';
import { difference } from './support/difference.ts';
import { BUILDS } from './support/threads.ts';

interface Configuration {
  readonly transposed: boolean;
  readonly batch: number;
  readonly size: number[];
  readonly kernel: number[];
  readonly channels: number;
  readonly filters: number;
  readonly groups: number;
  readonly strides: number[];
  readonly dilation: number[];
  readonly pads: [number, number][];
  readonly shape: number[];
  readonly y: number[];
  readonly gradients: number[][];
}

interface Figures {
  readonly gradients: number[][];
  readonly losses: { sgd: number[]; adam: number[] };
}

interface Golden {
  readonly convolutions: Configuration[];
  readonly cnn: {
    readonly input: [number, number, number];
    readonly filters: number[];
    readonly classes: number;
    readonly batch: number;
    readonly epsilon: number;
    readonly labels: number[];
    readonly f32: Figures;
    readonly f64: Figures;
  };
}

/** Made by scripts/golden.py. */
const { convolutions, cnn }: Golden = JSON.parse(
  readFileSync(new URL('golden/conv.json', import.meta.url), 'utf8'),
);

/** The numbers that scripts/golden.py draws: in [−1, 1), with a distance to 1 of their own. */
function drawing(seed: number) {
  let state = seed;
  const next = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state >>> 12) / 2 ** 19 - 1;
  };
  return (shape: readonly number[], scale = 1, offset = 0) => ({
    shape,
    data: Array.from({ length: sizeOf(shape) }, () => offset + scale * next()),
  });
}

type Drawn = ReturnType<ReturnType<typeof drawing>>;
const asTensor = ({ data, shape }: Drawn): Tensor => ops.tensor(data, shape);

/** Result and gradients of a configuration. */
function convolved(c: Configuration, i: number): Tensor[] {
  const draw = drawing(i + 1);
  const ends = c.transposed ? [c.filters, c.channels] : [c.channels / c.groups, c.filters];
  const x = asTensor(draw([c.batch, ...c.size, c.channels]));
  const w = asTensor(draw([...c.kernel, ...ends]));
  const b = asTensor(draw([c.filters]));
  const { strides, dilation, pads, groups } = c;
  const y = c.transposed
    ? ops.add(ops.convolveTransposed(x, w, c.shape.slice(1, -1), { strides, dilation, pads }), b)
    : ops.convolve(x, w, b, { strides, dilation, pads, groups });
  const dy = asTensor(draw(c.shape));
  return [y, ...gradients(ops.reduceSum(ops.mul(y, dy)), [x, w, b])];
}

const titles = convolutions.map((c, i) => {
  const { y: _, gradients: __, shape: ___, batch: ____, ...rest } = c;
  return [`${i} ${JSON.stringify(rest).replaceAll('"', '')}`, c, i] as const;
});

/** Weights in the order of the layers (batch normalisation: gamma, beta, moving mean and variance), and the images. */
function cnnStart() {
  const draw = drawing(3);
  const { input, filters, classes, batch } = cnn;
  const widths = [input[2], ...filters];
  const blocks = filters.map((f, i) => [
    draw([3, 3, widths[i] as number, f], 0.5),
    draw([f], 0.25, 1),
    draw([f], 0.25),
  ]);
  const features = (filters.at(-1) as number) * (input[0] / 4) ** 2;
  const head = [draw([features, classes], 0.5), draw([classes], 0.125)];
  return { blocks, head, x: draw([batch, ...input]) };
}

/** All gradients of the network's loss. */
function cnnGradients(): Tensor[] {
  const { blocks, head, x } = cnnStart();
  const weights = [...blocks.flat(), ...head].map(asTensor);
  const pads = [1, 1, 1, 1] as const;
  let h = asTensor(x);
  for (let i = 0; i < 6; i += 3) {
    const [w, gamma, beta] = weights.slice(i, i + 3) as [Tensor, Tensor, Tensor];
    const z = ops.conv2d(h, w, undefined, { pads });
    const normal = ops.batchNorm(z, gamma, beta, { epsilon: cnn.epsilon });
    h = ops.maxPool(ops.relu(normal), { size: 2 });
  }
  const z = ops.linear(ops.flattenRows(h), weights[6] as Tensor, weights[7]);
  const labels = ops.tensor(Int32Array.from(cnn.labels));
  return gradients(ops.reduceMean(ops.softmaxCrossEntropy(z, labels)), weights);
}

function cnnLayers() {
  const block = (filters: number) => [
    layers.conv2D(filters, 3, { padding: 'same', useBias: false }),
    layers.batchNormalization({ epsilon: cnn.epsilon }),
    layers.activation('relu'),
    layers.maxPooling2D(),
  ];
  return [...cnn.filters.flatMap(block), layers.flatten(), layers.dense(cnn.classes)];
}

describe.each(BUILDS)('PyTorch, %s', (build) => {
  const double = build === 'f64';
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ build, kind: 'inline' });
  });
  afterAll(() => engine.dispose());

  test.each(titles)('convolution %s', async (_, c, i) => {
    const [y, ...found] = await evaluate(convolved(c, i), { engine });
    expect(y?.shape).toEqual(c.shape);
    expect(difference(y?.data ?? [], c.y)).toBeLessThan(double ? 1e-10 : 1e-5);
    found.forEach((g, k) => {
      expect(difference(g.data, c.gradients[k] as number[])).toBeLessThan(double ? 1e-10 : 1e-5);
    });
  });

  const figures = double ? cnn.f64 : cnn.f32;

  test('all gradients of a convolutional network with batch normalisation', async () => {
    const found = await evaluate(cnnGradients(), { engine });
    found.forEach((g, i) => {
      expect(difference(g.data, figures.gradients[i] as number[])).toBeLessThan(
        double ? 1e-10 : 1e-5,
      );
    });
  });

  test.each([
    ['sgd', sgd({ learningRate: 0.1 })],
    ['adam', adam({ learningRate: 0.001, epsilon: 1e-8, epsilonPlacement: 'torch' })],
  ] as const)('ten losses of it with %s', async (name, optimizer) => {
    using net = sequential(cnnLayers(), { inputShape: cnn.input, engine });
    net.compile({ optimizer, loss: losses.sparseCategoricalCrossentropy({ fromLogits: true }) });
    await net.build();
    const { blocks, head, x } = cnnStart();
    const running = (f: number) => [new Array<number>(f).fill(0), new Array<number>(f).fill(1)];
    const start = blocks.flatMap((b, i) => [...b, ...running(cnn.filters[i] as number)]);
    await net.setWeights([...start, ...head].map((w) => ('data' in w ? w.data : w)));
    const { history } = await net.fit(
      { data: Float64Array.from(x.data), shape: [...x.shape] },
      Int32Array.from(cnn.labels),
      { epochs: 10, batchSize: cnn.batch, shuffle: false },
    );
    figures.losses[name].forEach((e, i) => {
      expect(difference([history['loss']?.[i] as number], [e]), `loss ${i}`).toBeLessThan(
        double ? 1e-10 : 1e-5,
      );
    });
  });
});
