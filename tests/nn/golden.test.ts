import type { Tensor } from '../../src/graph/tensor.ts';
import { activation, activations } from '../../src/nn/activations.ts';
import { loss, losses, reduceLoss } from '../../src/nn/loss.ts';
import { regularizer } from '../../src/nn/regularizer.ts';
import { asReal } from '../../src/nn/targets.ts';
import { affine, mul } from '../../src/ops/binary.ts';
import { scalar } from '../../src/ops/leaf.ts';
import {
  type Call,
  camel,
  goldenCases,
  goldenSuite,
  options,
  type Plan,
  singleOnly,
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

function lossPlan({ of, args = [], kwargs = {} }: Call): Plan {
  const name = ours(of?.class ?? '');
  const config = options(of?.config);
  if (!(name in losses)) return NOT_OFFERED;
  const reduction =
    of?.config && 'reduction' in of.config ? of.config.reduction : 'sum_over_batch_size';
  if (reduction === 'mean_with_sample_weight')
    return 'mean_with_sample_weight: sum_over_batch_size is the only reduction';
  const { axis, ...rest } = config;
  const rank = (args[1] as { shape: number[] }).shape.length;
  const last = axis === undefined || axis === -1 || axis === rank - 1;
  if (!last && name !== 'cosineSimilarity') return 'cross-entropies go over the last axis';
  return {
    single: singleOnly(name, config, args[1]),
    compute() {
      const each = loss({ name, ...(last ? rest : config) })(toTensor(args[0]), toTensor(args[1]));
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

goldenSuite('losses', goldenCases('losses'), lossPlan, { leftOut: 41, decimal: 3 });

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
