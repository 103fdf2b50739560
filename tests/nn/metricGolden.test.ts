import type { Tensor } from '../../src/graph/tensor.ts';
import { loss } from '../../src/nn/loss.ts';
import { metric, weightedMean } from '../../src/nn/metric.ts';
import { asReal } from '../../src/nn/targets.ts';
import { add } from '../../src/ops/binary.ts';
import { reshape } from '../../src/ops/layout.ts';
import { scalar } from '../../src/ops/leaf.ts';
import { expand } from '../../src/ops/sum.ts';
import {
  type Call,
  camel,
  type GoldenArray,
  goldenCases,
  goldenSuite,
  options,
  type Plan,
  singleOnly,
  toTensor,
} from '../support/golden.ts';

/** Keras' names that camelCase alone does not turn into ours. */
const NAMES: Record<string, string> = {
  AUC: 'auc',
  KLDivergence: 'klDivergence',
  LogCoshError: 'logCosh',
};

/** Options that are given by place. */
const PLACED: Record<string, readonly string[]> = {
  fBetaScore: ['average', 'beta', 'threshold'],
  r2Score: ['classAggregation', 'numRegressors'],
};

const words = (value: unknown) =>
  typeof value === 'string' && value.includes('_') ? camel(value) : value;

function optionsOf(name: string, { config, args = [] }: Call): Record<string, unknown> {
  const places = PLACED[name] ?? ['value'];
  const placed = args.map((value, i) => [places[i], words(value)]);
  const nulls = name === 'fBetaScore' ? { average: null } : {};
  return { ...nulls, ...options(config), ...Object.fromEntries(placed) };
}

type Update = [yTrue: Tensor, yPred: Tensor, weight: Tensor | undefined];

/** Keras' test of labels [2, 1] for predictions [1, 2, 3]. */
function isSequence(name: string, calls: readonly Call[]): boolean {
  const [, yPred] = (calls[0]?.args ?? []) as readonly Partial<GoldenArray>[];
  return name === 'sparseCategoricalAccuracy' && yPred?.shape?.length === 3;
}

/** The shapes of Keras' tests as ours: a batch comes first. */
function update(
  name: string,
  set: Record<string, unknown>,
  { args = [], kwargs = {} }: Call,
): Update {
  const [yTrue, yPred] = args.slice(0, 2).map(toTensor) as [Tensor, Tensor];
  const given = kwargs.sample_weight ?? args[2];
  const weight = given === undefined || given === null ? undefined : asReal(toTensor(given));
  const { shape } = yPred;
  const asRow = 'topK' in set && shape.length === 1;
  if (asRow) {
    const row = (x: Tensor) => (x.shape.length === 1 ? reshape(x, [1, ...x.shape]) : x);
    return [row(yTrue), row(yPred), weight && row(weight)];
  }
  const same = name === 'sparseCategoricalAccuracy' && shape.length === 3;
  return [same ? reshape(yTrue, shape.slice(0, -1)) : yTrue, yPred, weight];
}

function plan(call: Call): Plan {
  const of = call.of as Call;
  const name = NAMES[of.class ?? ''] ?? camel(of.class ?? '');
  const set = optionsOf(name, of);
  const calls = [...(call.prior_calls_on_same_object ?? []), ...(call.method ? [] : [call])];
  const ofSequence = isSequence(name, calls);
  return {
    single: singleOnly(name, set, calls[0]?.args?.[1]),
    compute() {
      const made = metric(name === 'accuracy' ? name : { name, ...set }, loss('mse'));
      const { sums, result, merge } = made.accumulator ?? weightedMean(made);
      const join = merge ?? ((a, b) => a.map((x, i) => add(x, b[i] as Tensor)));
      const parts = calls.map((c) => sums(...update(name, set, c)));
      const zeros = (parts[0] as Tensor[]).map((t) => expand(scalar(0), t.shape));
      const figure = result(parts.reduce(join, zeros));
      // Keras' test compares the figure with a list of equal ones.
      return ofSequence ? expand(figure, [2]) : figure;
    },
  };
}

goldenSuite('metrics', goldenCases('metrics'), plan, { leftOut: 0, decimal: 3 });
