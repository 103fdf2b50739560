import { plainStep } from '../compile/executable.ts';
import type { Tensor, Variable } from '../graph/tensor.ts';
import { input } from '../ops/leaf.ts';
import { inTurns } from '../runtime/turns.ts';
import type { Callback } from './callbacks.ts';
import type { ModelCore } from './core.ts';
import { type Histogram, histogram, norm } from './histogram.ts';
import { coreOf, type Model } from './model.ts';
import { traceNetwork } from './network.ts';
import type { Inputs } from './networkCore.ts';
import { writingBatch } from './predict.ts';
import { readUnordered } from './variables.ts';
import { uniqueNames } from './weights.ts';

/** A weight in the middle of training. */
export interface WeightSignal {
  readonly name: string;
  readonly norm: number;
  /** Norm of its gradient in the last mini-batch; 0 before the first. */
  readonly gradientNorm: number;
  readonly histogram: Histogram;
}

/** What a layer with weights gives for the probe. */
export interface ActivationSignal {
  readonly layer: string;
  /** Share that is exactly 0, as relu gives; the histogram is of the others. */
  readonly zeros: number;
  readonly histogram: Histogram;
}

/** The state of a model at one moment of training. */
export interface Snapshot {
  /** Trained on since `fit` began. */
  readonly examples: number;
  readonly learningRate: number;
  readonly weights: readonly WeightSignal[];
  readonly activations: readonly ActivationSignal[];
}

/** Rate of the last update, or of the first one before it. */
export function learningRateOf(model: Model): number {
  const { learningRate } = model.optimizer;
  if (typeof learningRate === 'number') return learningRate;
  const core = coreOf(model);
  const updates = Math.floor(core.iterations / core.requireCompiled.accumulate);
  return learningRate(Math.max(0, updates - 1), Math.max(0, core.epochs - core.startEpoch - 1));
}

/** Weights that training changes, with their gradients. */
export async function weightSignals(model: Model): Promise<WeightSignal[]> {
  const { state } = coreOf(model);
  const { engine, variables, gradients } = state;
  const names = uniqueNames(variables);
  return engine.exclusive(async () => {
    const signals: WeightSignal[] = [];
    for (const [i, variable] of variables.entries()) {
      const gradient = gradients.get(variable);
      if (!gradient) continue;
      const data = await readUnordered(engine, variable);
      const slope = await readUnordered(engine, gradient);
      signals.push({
        name: names[i] as string,
        norm: norm(data),
        gradientNorm: norm(slope),
        histogram: histogram(data),
      });
    }
    return signals;
  });
}

/** What the layers with weights give for the examples, in one batch. */
async function activationSignals(core: ModelCore, x: Inputs): Promise<ActivationSignal[]> {
  const tables = core.inputTables(x);
  const size = tables[0]?.shape[0] ?? 0;
  const { state } = core;
  return state.engine.exclusive(async () => {
    const executable = state.program(`signals:${size}`, () => ({
      name: `signals of ${core.network.name}`,
      outputs: layerOutputs(core, size),
    }));
    await inTurns(writingBatch(executable, tables, 0, size));
    await executable.run([plainStep(core.seed)]);
    const signals: ActivationSignal[] = [];
    for (const layer of executable.program.outputs.keys()) {
      const { data } = await executable.read(layer);
      const others = data.filter((v) => v !== 0);
      const zeros = data.length ? 1 - others.length / data.length : 0;
      signals.push({ layer, zeros, histogram: histogram(others) });
    }
    return signals;
  });
}

/** Results of layers with weights by name; of a layer that is called several times the last. */
function layerOutputs(core: ModelCore, size: number): Record<string, Tensor> {
  const found = new Map<string, Tensor>();
  const inputs = Object.fromEntries(
    [...core.network.inputs].map(([name, shape]) => [name, input(name, [size, ...(shape ?? [])])]),
  );
  const recorder = (callee: object, _inputs: readonly Tensor[], call: () => Tensor) => {
    const result = call();
    const { label, variables } = callee as { label?: string; variables?: readonly Variable[] };
    if (label && variables && variables.length > 0) found.set(label, result);
    return result;
  };
  traceNetwork(core.network, inputs, false, recorder, { examples: size });
  return Object.fromEntries(found);
}

export interface SignalOptions {
  /** Examples from one snapshot to the next. */
  readonly every: number;
  /** Inputs whose activations are looked at, in one batch. */
  readonly probe: Inputs;
}

/** A callback that takes snapshots; they stay until the next `fit`. */
export interface SignalRecorder extends Callback {
  readonly snapshots: readonly Snapshot[];
}

/** Takes a snapshot at the start of training and behind the chunk of steps that completes `every` further examples. */
export function signalRecorder({ every, probe }: SignalOptions): SignalRecorder {
  let snapshots: Snapshot[] = [];
  let next = 0;
  const take = async (examples: number, model: Model) => {
    const weights = await weightSignals(model);
    const activations = await activationSignals(coreOf(model), probe);
    snapshots.push({ examples, learningRate: learningRateOf(model), weights, activations });
    next = (Math.floor(examples / every) + 1) * every;
  };
  return {
    get snapshots() {
      return snapshots;
    },
    async onTrainBegin(model) {
      snapshots = [];
      await take(0, model);
    },
    async onChunkEnd(examples, _logs, model) {
      if (examples >= next) await take(examples, model);
    },
  };
}
