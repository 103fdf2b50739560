import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Tensor } from '../../src/graph/tensor.ts';
import { constraints } from '../../src/nn/constraint.ts';
import { dense } from '../../src/nn/index.ts';
import { layer } from '../../src/nn/layer.ts';
import { l2 } from '../../src/nn/regularizer.ts';
import { linear } from '../../src/ops/index.ts';
import { adam, sgd } from '../../src/optim/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { blobs } from '../support/data.ts';

const { x, y } = blobs(21, 5, 3);
/** Widths of whole panels in the f64 build, of more than one. */
const WIDTHS = [12, 8];

/** Kernels that read or write panels of weights. */
const PANELS = /Panels|unpackB/;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

/** A dense layer whose kernel stays row by row. */
function plainDense(units: number, constraint?: ReturnType<typeof constraints.maxNorm>) {
  return layer('dense', {}, (scope, x: Tensor) => {
    const w = scope.weight('kernel', [x.shape.at(-1) as number, units], { constraint });
    return linear(x, w, scope.weight('bias', [units], { initializer: 'zeros' }), 'tanh');
  });
}

interface Variation {
  readonly compile?: Partial<CompileOptions>;
  readonly batchSize?: number;
  readonly constraint?: ReturnType<typeof constraints.maxNorm>;
}

const VARIATIONS: Readonly<Record<string, Variation>> = {
  plain: {},
  'batches of one': { batchSize: 1 },
  'a penalty': { compile: { regularizer: l2(0.5) } },
  'a constraint': { constraint: constraints.maxNorm({ maxValue: 0.5 }) },
  'clipped norms': { compile: { optimizer: sgd({ learningRate: 0.1, clipNorm: 0.01 }) } },
  'a clipped global norm': {
    compile: { optimizer: sgd({ learningRate: 0.1, globalClipNorm: 0.01 }) },
  },
  'accumulated gradients': { compile: { gradientAccumulationSteps: 2 } },
  'moving averages': {
    compile: {
      optimizer: adam({
        learningRate: 0.01,
        useEma: true,
        emaMomentum: 0.5,
        emaOverwriteFrequency: 3,
      }),
    },
  },
};

async function trained(make: (units: number) => unknown, { compile, batchSize }: Variation) {
  const parts = [...WIDTHS.map(make), dense(3)] as Parameters<typeof sequential>[0];
  const net: Model = sequential(parts, { inputShape: [5], seed: 2, engine }).compile({
    optimizer: sgd({ learningRate: 0.1 }),
    loss: { name: 'sparseCategoricalCrossentropy', fromLogits: true },
    ...compile,
  });
  await net.fit(x, y, { epochs: 3, batchSize: batchSize ?? 5, shuffle: false });
  const { data } = await net.predict(x);
  const weights = (await net.getWeights()).flatMap((w) => Array.from(w.data));
  const text = await net.program(4);
  net.dispose();
  return { values: [...data, ...weights], text };
}

describe('a weight kept in panels trains as one kept row by row', () => {
  test.each(Object.entries(VARIATIONS))('with %s', async (_, variation) => {
    const { constraint } = variation;
    const options = { activation: 'tanh', ...(constraint && { kernelConstraint: constraint }) };
    const panels = await trained((units) => dense(units, options), variation);
    const rows = await trained((units) => plainDense(units, constraint), variation);
    expect(panels.text).toMatch(PANELS);
    expect(rows.text).not.toMatch(PANELS);
    panels.values.forEach((v, i) => {
      expect(Math.abs(v - (rows.values[i] as number)), `value ${i}`).toBeLessThan(1e-12);
    });
  });
});
