/** Training runs whose bits are known for each build: tests/golden/runs.json, written by `npm run golden:runs`. */
import {
  averagePooling2D,
  batchNormalization,
  conv2D,
  dense,
  depthwiseConv2D,
  dropout,
  flatten,
  maxPooling2D,
} from '../../src/nn/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import { BUILDS, type Engine } from '../../src/runtime/engine.ts';
import { features } from '../../src/runtime/features.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { blobs, hashOf } from './data.ts';

export const RUNS_FILE = new URL('../golden/runs.json', import.meta.url);

/** Hashes by run and by what `bitsOf` says of the engine. */
export type Hashes = Record<string, Record<string, string>>;

const SOFTMAX = { loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] } as const;

/** A perceptron whose sizes are no multiples of tiles. */
export function wide(engine: Engine, seed = 5): Model {
  const layers = [
    dense(70, { activation: 'relu' }),
    dropout(0.2),
    dense(33, { activation: 'tanh' }),
    dense(10, { activation: 'softmax' }),
  ];
  const net = sequential(layers, { inputShape: [130], engine, seed });
  return net.compile({ optimizer: 'adam', ...SOFTMAX });
}

/** Convolutions of several kinds with what stands between them. */
function pictures(engine: Engine): Model {
  const layers = [
    conv2D(16, 3, { padding: 'same', useBias: false }),
    batchNormalization(),
    maxPooling2D({ poolSize: 2 }),
    conv2D(24, 3, { padding: 'same', activation: 'relu' }),
    depthwiseConv2D(3, { strides: 2, padding: 'same', activation: 'relu6' }),
    averagePooling2D({ poolSize: 2 }),
    flatten(),
    dense(10, { activation: 'softmax' }),
  ];
  const net = sequential(layers, { inputShape: [18, 18, 3], engine, seed: 6 });
  return net.compile({ optimizer: 'sgd', ...SOFTMAX });
}

/** Bits of the weights, the predictions and the losses of a training. */
async function trained(
  net: Model,
  { x, y }: ReturnType<typeof blobs>,
  batchSize: number,
): Promise<string> {
  const { batchLoss } = await net.fit(x, y, { epochs: 3, batchSize });
  return hashOf([
    ...(await net.getWeights()),
    await net.predict(x),
    { data: Float64Array.from(batchLoss) },
  ]);
}

export const RUNS: Readonly<Record<string, (engine: Engine) => Promise<string>>> = {
  async wide(engine) {
    using net = wide(engine);
    return await trained(net, blobs(300, 130, 10), 64);
  },
  async pictures(engine) {
    using net = pictures(engine);
    const { x, y } = blobs(50, 18 * 18 * 3, 10);
    return await trained(net, { x: { ...x, shape: [50, 18, 18, 3] }, y }, 16);
  },
};

/**
 * On what the bits depend: the build and, where products may be fused with sums, whether the machine does that. Those are
 * the only instructions of relaxed SIMD in the kernels.
 */
export function bitsOf(engine: Engine): string {
  const { build } = engine.target;
  const relaxed = build === 'relaxed' || build === 'turbo';
  return relaxed && !features().fused ? `${build}, not fused` : build;
}

/** The hashes of all builds that there are here. */
export async function hashesHere(): Promise<Hashes> {
  const hashes: Hashes = {};
  for (const build of BUILDS) {
    using engine = await createEngine({ build, kind: 'inline' });
    for (const [name, run] of Object.entries(RUNS)) {
      hashes[name] = { ...hashes[name], [bitsOf(engine)]: await run(engine) };
    }
  }
  return hashes;
}
