import type { Tensor } from '../graph/tensor.ts';
import { type Activation, activation } from './activations.ts';
import { type Constraint, constraint } from './constraint.ts';
import { type Initializer, initializer } from './init.ts';
import type { LayerOptions, LayerScope } from './layer.ts';
import { type Named, withDefaults } from './named.ts';
import { type Regularizer, regularizer } from './regularizer.ts';

/** Options of layers with a bias behind their product. */
export interface BiasOptions extends LayerOptions {
  /** Applied to product + bias, default linear. */
  readonly activation?: string | Named | Activation;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default zeros. */
  readonly biasInitializer?: string | Named | Initializer;
  /** Penalties of the weights, added to the loss. Default none. */
  readonly biasRegularizer?: string | Named | Regularizer;
  /** Where updates may bring the weights. Default anywhere. */
  readonly biasConstraint?: string | Named | Constraint;
  /** Penalty of the output, all examples together. */
  readonly activityRegularizer?: string | Named | Regularizer;
}

/** Options of layers with a kernel and a bias. */
export interface WeightedOptions extends BiasOptions {
  /** Default glorotUniform. */
  readonly kernelInitializer?: string | Named | Initializer;
  readonly kernelRegularizer?: string | Named | Regularizer;
  readonly kernelConstraint?: string | Named | Constraint;
}

/** The product of a layer's input and kernel, with its bias. */
type Product = (b: Tensor | undefined) => Tensor;

const WEIGHTED = {
  name: undefined,
  trainable: undefined,
  activation: 'linear',
  useBias: true,
  biasInitializer: 'zeros',
  biasRegularizer: undefined,
  biasConstraint: undefined,
  activityRegularizer: undefined,
};

const penalty = (given: unknown) =>
  given === undefined ? undefined : regularizer(given as Regularizer);
const limit = (given: unknown) =>
  given === undefined ? undefined : constraint(given as Constraint);

/**
 * The options of such a layer with their functions found; `more` are the defaults of its own options, `words` stand for its
 * kernels before Initializer, Regularizer and Constraint. Throws `OptionError` for unknown ones.
 */
export function weighted<More extends object>(
  title: string,
  options: object,
  more: More,
  ...words: readonly string[]
) {
  const kernels = words.length ? words : ['kernel'];
  const own = kernels.flatMap((word) => [
    [`${word}Initializer`, 'glorotUniform'],
    [`${word}Regularizer`, undefined],
    [`${word}Constraint`, undefined],
  ]);
  const defaults = { ...WEIGHTED, ...Object.fromEntries(own), ...more };
  const set = withDefaults<More & Record<string, unknown>>(title, options, defaults);
  const act = activation(set.activation as Activation);
  const activity = penalty(set.activityRegularizer);
  const weight = (word: string) => ({
    initializer: initializer(set[`${word}Initializer`] as Initializer),
    regularizer: penalty(set[`${word}Regularizer`]),
    constraint: limit(set[`${word}Constraint`]),
  });
  const bias = weight('bias');
  return {
    set: set as More,
    /** Options of the first kernel, and of each by its word. */
    kernel: weight(kernels[0] as string),
    weight,
    /** act(product + bias[units]), with the penalty of the result. */
    output(scope: LayerScope, units: number, product: Product): Tensor {
      const b = set.useBias ? scope.weight('bias', [units], bias) : undefined;
      const y = act(product(b));
      if (activity) scope.addLoss(activity(y, y.shape[0] ?? 1));
      return y;
    },
  };
}
