import type { Tensor } from '../../src/graph/tensor.ts';
import { activation, activations } from '../../src/nn/activations.ts';
import { loss, losses, reduceLoss } from '../../src/nn/loss.ts';
import { metric, metrics } from '../../src/nn/metric.ts';
import { regularizer } from '../../src/nn/regularizer.ts';
import { asReal } from '../../src/nn/targets.ts';
import { affine, div, mul } from '../../src/ops/binary.ts';
import { reshape } from '../../src/ops/layout.ts';
import { scalar } from '../../src/ops/leaf.ts';
import { reduceSum } from '../../src/ops/sum.ts';
import {
  type Call,
  camel,
  goldenCases,
  goldenSuite,
  options,
  type Plan,
  toTensor,
} from '../support/golden.ts';

const NOT_OFFERED = 'not offered: a rarely used function of Keras';

/** Keras' class names that camelCase alone does not turn into ours. */
const NAMES: Record<string, string> = {
  KLDivergence: 'klDivergence',
  LogCoshError: 'logCosh',
  ReLU: 'relu',
  ELU: 'elu',
  LeakyReLU: 'leakyRelu',
};
const ours = (name: string) => NAMES[name] ?? camel(name);

/** Why an axis other than the last cannot be taken; '' when it is the last. */
function axisProblem(axis: unknown, rank: number): string {
  return axis === undefined || axis === -1 || axis === rank - 1
    ? ''
    : 'losses and metrics go over the last axis';
}

/** 1 − 10⁻⁷ is 1 − 1.19·10⁻⁷ in f32, which shows where a prediction is wrong with certainty. */
function singleOnly(
  name: string,
  { fromLogits }: Record<string, unknown>,
  yPred: unknown,
): string | false {
  const certain = (yPred as { data: number[] }).data.some((p) => p === 0 || p === 1);
  return (
    name === 'binaryCrossentropy' &&
    !fromLogits &&
    certain &&
    'the figure is that of 1 − 1e-7 in f32'
  );
}

function lossPlan({ of, args = [], kwargs = {} }: Call): Plan {
  const name = ours(of?.class ?? '');
  const { axis, ignoreClass, ...config } = options(of?.config);
  if (!(name in losses)) return NOT_OFFERED;
  if (ignoreClass !== undefined) return 'ignore_class: not offered, sample weights do it';
  const reduction =
    of?.config && 'reduction' in of.config ? of.config.reduction : 'sum_over_batch_size';
  if (reduction === 'mean_with_sample_weight')
    return 'mean_with_sample_weight: sum_over_batch_size is the only reduction';
  const problem = axisProblem(axis, (args[1] as { shape: number[] }).shape.length);
  if (problem) return problem;
  return {
    single: singleOnly(name, config, args[1]),
    compute() {
      const each = loss({ name, ...config })(toTensor(args[0]), toTensor(args[1]));
      const weight =
        kwargs.sample_weight === undefined ? scalar(1) : asReal(toTensor(kwargs.sample_weight));
      if (reduction === null) return mul(each, weight);
      const mean = reduceLoss(each, weight);
      return reduction === 'sum'
        ? affine(
            mean,
            each.shape.reduce((a, b) => a * b, 1),
          )
        : mean;
    },
  };
}

goldenSuite('losses', goldenCases('losses'), lossPlan, { leftOut: 43, decimal: 3 });

const METRICS_LATER = 'not a mean over examples: with the other metrics of state';

function metricPlan(call: Call): Plan {
  const { of, prior_calls_on_same_object: prior = [] } = call;
  const update = prior[0] ?? call;
  const [yTrue, yPred] = (update.args ?? []) as { shape: number[] }[];
  const weight = update.kwargs?.sample_weight as { shape: number[] } | undefined;
  const name = ours(of?.class ?? '');
  const { axis, ignoreClass, fromSortedIds, ...config } = options(of?.config);
  if (name === 'accuracy')
    return 'equality of class numbers: "accuracy" is the one that fits the loss';
  if (!(name in metrics)) return METRICS_LATER;
  if (ignoreClass !== undefined) return 'ignore_class: not offered, sample weights do it';
  if (fromSortedIds) return 'from_sorted_ids: not offered';
  if (!yTrue || !yPred || axisProblem(axis, yPred.shape.length))
    return 'losses and metrics go over the last axis';
  if (yPred.shape[0] !== yTrue.shape[0]) return 'targets and predictions of different shapes';
  if (weight && weight.shape.length > 1 && weight.shape.at(-1) !== 1)
    return 'weights of elements: ours are of examples';
  return {
    single: singleOnly(name, config, yPred),
    compute() {
      const each = metric({ name, ...config }, loss('mse'))(toTensor(yTrue), toTensor(yPred));
      if (!weight) return affine(reduceSum(each), 1 / (each.shape[0] as number));
      const w = reshape(asReal(toTensor(weight)), each.shape);
      return div(reduceSum(mul(each, w)), reduceSum(w));
    },
  };
}

goldenSuite('accuracies', goldenCases('metrics', 'accuracy'), metricPlan, { leftOut: 10 });
goldenSuite('regression metrics', goldenCases('metrics', 'regression'), metricPlan, {
  leftOut: 15,
});
goldenSuite('probabilistic metrics', goldenCases('metrics', 'probabilistic'), metricPlan, {
  leftOut: 3,
  decimal: 3,
});
goldenSuite('hinge metrics', goldenCases('metrics', 'hinge'), metricPlan, { leftOut: 0 });

function activationPlan({ of, args = [], kwargs, ...rest }: Call): Plan {
  const name = ours(rest.function ?? of?.class ?? '');
  if (!(name in activations)) return NOT_OFFERED;
  if (rest.method) {
    const { config } = activation({ name, ...options(of?.config) });
    return { compute: () => (config?.[camel(rest.item ?? '')] ?? 0) as number };
  }
  if (kwargs?.mask) return 'mask: belongs to attention';
  const { axis, ...config } = options({ ...of?.config, ...(of ? {} : kwargs) });
  return {
    compute: () =>
      activation({ name, ...config, ...(axis === undefined ? {} : { axis }) })(
        asReal(toTensor(args[0])),
      ),
  };
}

goldenSuite('activations', goldenCases('activations'), activationPlan, { leftOut: 12 });

function regularizerPlan({ of, args = [], method, item, ...rest }: Call): Plan {
  const { class: type, config = {}, args: [lambda] = [] } = of ?? {};
  if (rest.function) return "checks an argument by Keras' own function";
  const orthogonal = type === 'OrthogonalRegularizer';
  const name = orthogonal ? 'orthogonal' : `${type}`.toLowerCase();
  const scaling = orthogonal ? {} : { scaling: 'keras' };
  const made = regularizer({
    name,
    ...config,
    ...scaling,
    ...(lambda === undefined ? {} : { lambda }),
  });
  if (method) return { compute: () => made.config?.[item ?? ''] as number };
  return { compute: (): Tensor => made(toTensor(args[0]), 1) };
}

goldenSuite('regularizers', goldenCases('regularizers'), regularizerPlan, { leftOut: 6 });
