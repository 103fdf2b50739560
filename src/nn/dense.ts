import { formatShape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { linear } from '../ops/matmul.ts';
import { ShapeError } from '../runtime/errors.ts';
import { type Activation, activation } from './activations.ts';
import { type Constraint, constraint } from './constraint.ts';
import { type Initializer, initializer } from './init.ts';
import { type Layer, type LayerOptions, layer } from './layer.ts';
import { checkCount, layerTitle, type Named, withDefaults } from './named.ts';
import { type Regularizer, regularizer } from './regularizer.ts';

export interface DenseOptions extends LayerOptions {
  /** Applied to x·w + b, default linear. */
  readonly activation?: string | Named | Activation;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default glorotUniform. */
  readonly kernelInitializer?: string | Named | Initializer;
  /** Default zeros. */
  readonly biasInitializer?: string | Named | Initializer;
  /** Penalties of the weights, added to the loss. Default none. */
  readonly kernelRegularizer?: string | Named | Regularizer;
  readonly biasRegularizer?: string | Named | Regularizer;
  /** Where updates may bring the weights. Default anywhere. */
  readonly kernelConstraint?: string | Named | Constraint;
  readonly biasConstraint?: string | Named | Constraint;
  /** Penalty of the output, all examples together. */
  readonly activityRegularizer?: string | Named | Regularizer;
}

function resolve(title: string, options: DenseOptions) {
  const set = withDefaults<{ [K in keyof DenseOptions]-?: DenseOptions[K] | undefined }>(
    title,
    options,
    {
      name: undefined,
      trainable: undefined,
      activation: 'linear',
      useBias: true,
      kernelInitializer: 'glorotUniform',
      biasInitializer: 'zeros',
      kernelRegularizer: undefined,
      biasRegularizer: undefined,
      kernelConstraint: undefined,
      biasConstraint: undefined,
      activityRegularizer: undefined,
    },
  );
  const penalty = (given: DenseOptions['kernelRegularizer'] | undefined) =>
    given === undefined ? undefined : regularizer(given);
  const limit = (given: DenseOptions['kernelConstraint'] | undefined) =>
    given === undefined ? undefined : constraint(given);
  return {
    act: activation(set.activation as Activation),
    useBias: set.useBias as boolean,
    kernel: {
      initializer: initializer(set.kernelInitializer as Initializer),
      regularizer: penalty(set.kernelRegularizer),
      constraint: limit(set.kernelConstraint),
    },
    bias: {
      initializer: initializer(set.biasInitializer as Initializer),
      regularizer: penalty(set.biasRegularizer),
      constraint: limit(set.biasConstraint),
    },
    activity: penalty(set.activityRegularizer),
  };
}

/**
 * activation(x·kernel + bias): x [.., in] with at least two axes, kernel [in, units], bias [units] → [.., units].
 * Throws `OptionError` for options, `ShapeError` for an input that does not fit the kernel.
 */
export function dense(units: number, options: DenseOptions = {}): Layer<[x: Tensor]> {
  const title = layerTitle('dense', options);
  checkCount(`${title}: units`, units);
  const { act, useBias, kernel, bias, activity } = resolve(title, options);
  const self: Layer<[x: Tensor]> = layer('dense', { units, ...options }, (scope, x: Tensor) => {
    const inputs = inputWidth(x, self.variables[0]?.shape[0]);
    const w = scope.weight('kernel', [inputs, units], { ...kernel, operand: true });
    const b = useBias ? scope.weight('bias', [units], bias) : undefined;
    const y = act.fused ? linear(x, w, b, act.fused) : act(linear(x, w, b));
    if (activity) scope.addLoss(activity(y, scope.examples));
    return y;
  });
  return self;
}

/** Size of the last axis; throws unless the kernel, if there is one, expects it. */
function inputWidth({ shape }: Tensor, expected: number | undefined): number {
  if (shape.length < 2)
    throw new ShapeError(`input ${formatShape(shape)}, expected [batch, .., inputs]`);
  const inputs = shape.at(-1) as number;
  if (expected !== undefined && inputs !== expected) {
    throw new ShapeError(`input ${formatShape(shape)}, weight expects ${expected}`);
  }
  return inputs;
}
