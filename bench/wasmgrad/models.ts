import { MAX_STEPS } from '../../src/compile/executable.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import {
  activation,
  averagePooling2D,
  batchNormalization,
  conv2D,
  dense,
  depthwiseConv2D,
  flatten,
  globalAveragePooling2D,
  maxPooling2D,
} from '../../src/nn/index.ts';
import { loss } from '../../src/nn/loss.ts';
import { add } from '../../src/ops/index.ts';
import { optimizer } from '../../src/optim/index.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { inTurns } from '../../src/runtime/turns.ts';
import { ModelCore } from '../../src/train/core.ts';
import { tabulatingData } from '../../src/train/data.ts';
import { ResidentData } from '../../src/train/feed.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { prepare, trainProgram } from '../../src/train/prepare.ts';
import { writeVariable } from '../../src/train/slabs.ts';
import {
  type InferTask,
  type LayerSpec,
  type NetworkSpec,
  type Runner,
  type TrainTask,
  Unable,
} from '../types.ts';
import { caller } from './caller.ts';

/** Layers of the library for those of a task, the output's activation behind them. */
function layersOf({ layers, output }: NetworkSpec) {
  return layers.map((spec, i) => layerOf(spec, i === layers.length - 1 ? output : undefined));
}

function layerOf(spec: LayerSpec, output?: NetworkSpec['output']) {
  switch (spec.layer) {
    case 'dense': {
      const activation = output ?? spec.activation;
      return dense(spec.units, activation ? { activation } : {});
    }
    case 'conv2d': {
      const { layer: _, filters, kernelSize, ...options } = spec;
      return conv2D(filters, kernelSize, options);
    }
    case 'depthwiseConv2d': {
      const { kernelSize, strides = 1 } = spec;
      return depthwiseConv2D(kernelSize, { padding: 'same', strides, useBias: false });
    }
    case 'maxPooling2d':
      return maxPooling2D({ poolSize: spec.poolSize });
    case 'averagePooling2d':
      return averagePooling2D({ poolSize: spec.poolSize });
    case 'globalAveragePooling2d':
      return globalAveragePooling2D();
    case 'batchNormalization':
      return batchNormalization();
    case 'activation':
      return activation(spec.activation);
    case 'flatten':
      return flatten();
    default:
      throw new Unable(`has no ${spec.layer} here`);
  }
}

type Stage = (x: Tensor) => Tensor;

/** Layers one after the other, sums of two such chains among them. */
function chain(specs: readonly LayerSpec[], output?: NetworkSpec['output']): Stage {
  const stages = specs.map((spec, i): Stage => {
    if (spec.layer !== 'residual')
      return layerOf(spec, i === specs.length - 1 ? output : undefined);
    const [main, shortcut] = [chain(spec.layers), chain(spec.shortcut)];
    return (x) => add(main(x), shortcut(x));
  });
  return (x) => stages.reduce((y, stage) => stage(y), x);
}

function network(spec: NetworkSpec) {
  const stages = chain(spec.layers, spec.output);
  const call = ({ input }: Readonly<Record<string, Tensor>>) => ({
    output: stages(input as Tensor),
  });
  return { name: spec.name, inputs: new Map([['input', spec.input]]), call };
}

const LOSSES = { softmax: 'sparseCategoricalCrossentropy', sigmoid: 'binaryCrossentropy' };

/** A network as a model of the library. */
export function coreOf(task: NetworkSpec, engine: Engine): ModelCore {
  return new ModelCore(network(task), { engine });
}

/** The program that `fit` runs, over data in the engine's memory. */
export async function compileTrain(task: TrainTask, engine: Engine) {
  const { batch, batches, x, y } = task;
  const core = coreOf(task, engine);
  const output = { loss: loss(LOSSES[task.output]), weight: 1, metrics: [] };
  const losses = new Map([['output', output]]);
  core.compiled = { optimizer: optimizer(task.optimizer), accumulate: 1, losses };
  const state = await core.build(new Map());
  const trained = state.variables.filter((v) => v.trainable);
  trained.forEach((v, i) => {
    writeVariable(engine, v, task.weights[i] as Float32Array);
  });
  const examples = batch * batches;
  const inputs = { data: x, shape: [examples, ...task.input] };
  const targets = { data: y, shape: task.output === 'softmax' ? [examples] : [examples, 1] };
  const data = await ResidentData.open(
    engine,
    await inTurns(tabulatingData(core, inputs, targets)),
    false,
  );
  await prepare(core, data.feeds, batch);
  const executable = await trainProgram(core, data.feeds, 'bench', batch);
  return { core, state, data, executable };
}

/** Its steps, whose losses are the first of what they record. */
export async function openTrain(task: TrainTask, engine: Engine): Promise<Runner> {
  const { batch, batches, rate } = task;
  const { core, state, data, executable } = await compileTrain(task, engine);
  await state.snapshot();
  let last = 0;
  const call = caller(executable, (i) => {
    return { rate, number: i + 1, seed: 0, key: i + 1, offset: (i % batches) * batch };
  });
  return {
    maxSteps: MAX_STEPS,
    run(steps) {
      last = steps;
      return call(steps);
    },
    reset: async () => void (await state.restore()),
    async output() {
      const records = await executable.records(last);
      const { slots } = executable.program;
      return Float64Array.from({ length: last }, (_, step) => records[step * slots] as number);
    },
    memory: () => Object.values(state.memory()).reduce((sum, bytes) => sum + bytes, 0),
    dispose() {
      data.free();
      core.dispose();
    },
  };
}

async function built(task: InferTask, engine: Engine): Promise<Model> {
  const { name, input, weights } = task;
  const model = sequential(layersOf(task), { name, inputShape: input, engine });
  await model.build();
  await model.setWeights(weights);
  return model;
}

/** What users call: input and output are copied. */
export async function openInfer(task: InferTask, engine: Engine): Promise<Runner> {
  const model = await built(task, engine);
  const { batch, x, input } = task;
  const given = { data: x, shape: [batch, ...input] };
  let y: ArrayLike<number> = [];
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) y = (await model.predict(given, { batchSize: batch })).data;
    },
    output: () => y,
    dispose: () => model.dispose(),
  };
}

/** The same without promises. */
export async function openInferSync(task: InferTask, engine: Engine): Promise<Runner> {
  const model = await built(task, engine);
  const given = { data: task.x, shape: [task.batch, ...task.input] };
  let y: ArrayLike<number> = [];
  return {
    run(steps) {
      for (let i = 0; i < steps; i++) y = model.predictSync(given).data;
    },
    output: () => y,
    dispose: () => model.dispose(),
  };
}
