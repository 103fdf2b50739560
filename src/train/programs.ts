import type { ProgramSpec } from '../compile/program.ts';
import { scopePath } from '../graph/scope.ts';
import type { Tensor, Variable } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import { reduceLoss } from '../nn/loss.ts';
import { weightedMean } from '../nn/metric.ts';
import type { Recorder, Trace } from '../nn/trace.ts';
import { affine } from '../ops/binary.ts';
import { reduceMean } from '../ops/reduce.ts';
import { addAll } from '../ops/unary.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Work } from '../runtime/turns.ts';
import type { Compiled } from './core.ts';
import { type Feed, feedTensor } from './feed.ts';
import type { BatchSums, MetricSums } from './metricSums.ts';
import type { LossMean } from './mixed.ts';
import type { Mixer } from './mixing.ts';
import { type Network, traceNetwork } from './network.ts';
import { labelledMetrics, type OutputLoss, type Outputs } from './outputs.ts';
import type { LayerOutput, Probe } from './probe.ts';
import { type Accumulation, type TrainState, trainStep } from './step.ts';

/** Names of feeds: the inputs' own, targets by output, weights of examples. */
export const targetName = (output: string) => `target:${output}`;
export const SAMPLE_WEIGHT = 'sampleWeight';

/** A model's loss and metrics traced for one batch. */
export interface TracedLoss {
  readonly trace: Trace;
  readonly outputs: Outputs;
  readonly loss: Tensor;
  /** Loss first, then what else is recorded for each batch. */
  readonly records: readonly Tensor[];
  readonly names: readonly string[];
  /** Metrics that are no means over examples. */
  readonly accumulated: readonly BatchSums[];
  readonly layerOutputs: readonly LayerOutput[];
  /** What each output should be; of mixed examples that of the larger part. */
  readonly truths: ReadonlyMap<Tensor, Tensor>;
}

/** Loss and metrics of the network over batches of `size` from the feeds. */
export function traceLoss(
  network: Network,
  { losses, accumulate, regularizer, regularizeBiases, examples: fixed }: Compiled,
  feeds: readonly Feed[],
  size: number,
  training: boolean,
  noise = training,
  mixer?: Mixer,
): TracedLoss {
  const tensors = new Map(feeds.map((feed) => [feed.name, feedTensor(feed, size)]));
  const given = Object.fromEntries(
    [...network.inputs.keys()].map((name) => [name, tensors.get(name) as Tensor]),
  );
  const mixed = mixer?.(given);
  const inputs = mixed?.inputs ?? given;
  const examples = training ? size * accumulate : (fixed ?? size);
  const layerOutputs: LayerOutput[] = [];
  const recorder: Recorder = (callee, _inputs, call) => {
    const value = call();
    const name = scopePath();
    if (typeof callee === 'function') layerOutputs.push({ name, layer: callee as Layer, value });
    return value;
  };
  const { trace, outputs } = traceNetwork(network, inputs, training, recorder, {
    examples,
    regularizer,
    regularizeBiases,
    noise,
  });
  const weight = tensors.get(SAMPLE_WEIGHT);
  const several = losses.size > 1;
  const parts: Tensor[] = [];
  const named: [string, Tensor][] = [];
  const accumulated: BatchSums[] = [];
  const truths = new Map<Tensor, Tensor>();
  for (const [output, own] of losses) {
    const { loss, weight: share } = own;
    const truth = tensors.get(targetName(output)) as Tensor;
    const predicted = outputs[output] as Tensor;
    const mean: LossMean = (t, w, scaled) =>
      reduceLoss(scaled(loss(t, predicted)), w, loss.valid?.(t, predicted));
    const value = mixed ? mixed.loss(truth, weight, mean) : mean(truth, weight, (each) => each);
    parts.push(share === 1 ? value : affine(value, share));
    if (several) named.push([`${output}_loss`, value]);
    const seen = (t: Tensor) => mixed?.larger(t) ?? t;
    truths.set(predicted, seen(truth));
    const measured = measure(own, seen(truth), predicted, weight && seen(weight));
    const title = (label: string) => (several ? `${output}_${label}` : label);
    for (const [label, mean] of measured.means) named.push([title(label), mean]);
    for (const sums of measured.sums) accumulated.push({ ...sums, label: title(sums.label) });
  }
  const loss = addAll([...parts, ...trace.penalties]);
  return {
    trace,
    outputs,
    loss,
    records: [loss, ...named.map(([, t]) => t)],
    names: ['loss', ...named.map(([n]) => n)],
    accumulated,
    layerOutputs,
    truths,
  };
}

/** The metrics of one output: means of the batch, and sums of those with state. */
function measure(own: OutputLoss, truth: Tensor, predicted: Tensor, weight: Tensor | undefined) {
  const means: [label: string, mean: Tensor][] = [];
  const sums: BatchSums[] = [];
  for (const { label, metric, weighted } of labelledMetrics(own)) {
    const accumulator = metric.accumulator ?? (weighted ? weightedMean(metric) : undefined);
    const given = weighted ? weight : undefined;
    if (accumulator)
      sums.push({ label, accumulator, sums: accumulator.sums(truth, predicted, given) });
    else means.push([label, reduceMean(metric(truth, predicted))]);
  }
  return { means, sums };
}

/** Variables that training changes. */
export function trainable(trace: Trace): Variable[] {
  return [...trace.variables].filter((v) => !trace.frozen.has(v));
}

export function trainSpec(
  name: string,
  traced: TracedLoss,
  optimizer: Optimizer,
  state: TrainState,
  accumulation: Accumulation,
  batches: number,
  sums: MetricSums,
  probe?: Probe,
): Work<ProgramSpec> {
  const metrics = sums.assignments(traced.accumulated);
  const variables = trainable(traced.trace);
  const step = { ...traced, name, variables, metrics, probe };
  return trainStep(step, optimizer, state, accumulation, batches);
}
