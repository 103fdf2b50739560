import { scopePath, withScope } from '../graph/scope.ts';
import { formatShape, type Shape, sameShape } from '../graph/shape.ts';
import { type Tensor, Variable } from '../graph/tensor.ts';
import { read } from '../ops/leaf.ts';
import { ShapeError } from '../runtime/errors.ts';
import type { Constraint } from './constraint.ts';
import { initializer as findInitializer, type Initializer } from './init.ts';
import { checkType } from './named.ts';
import type { Regularizer } from './regularizer.ts';
import { currentTrace, given, type Trace } from './trace.ts';

/** Options that every layer takes. */
export interface LayerOptions {
  readonly name?: string;
  /** Whether training changes the weights, default true. */
  readonly trainable?: boolean;
}

/** A function of tensors with weights of its own. Called twice, it uses the same weights. */
export interface Layer<Inputs extends Tensor[] = Tensor[]> {
  (...inputs: Inputs): Tensor;
  readonly type: string;
  /** What rebuilds the layer: plain data. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Given, or chosen at the first call: its type, numbered. */
  readonly label: string | undefined;
  trainable: boolean;
  /** Weights and statistics in the order they were made; none before the first call. */
  readonly variables: readonly Variable[];
}

export interface WeightOptions {
  readonly initializer?: string | Initializer;
  readonly regularizer?: Regularizer | undefined;
  readonly constraint?: Constraint | undefined;
  readonly trainable?: boolean;
  /** The right operand of products: kept as they read it. */
  readonly operand?: boolean;
}

/** What a layer's function may ask for while it is traced. */
export interface LayerScope {
  readonly training: boolean;
  /** Whether training changes the weights: neither the layer nor a model around it is frozen. */
  readonly trainable: boolean;
  /** Whether what is random acts: in training, unless a gradient check turns it off. */
  readonly noise: boolean;
  /** Examples whose gradients an update averages: what penalties may be divided by. */
  readonly examples: number;
  /** Value of the weight `name`, made at the first call. */
  weight(name: string, shape: Shape, options?: WeightOptions): Tensor;
  /** State that training does not differentiate: `assign` changes it at the end of the step. */
  state(name: string, shape: Shape, initializer: string | Initializer): Tensor;
  assign(name: string, value: Tensor): void;
  /** A stream of random numbers of its own. */
  stream(): number;
  /** Adds a scalar to the loss. */
  addLoss(penalty: Tensor): void;
}

/**
 * Makes a layer from a plain function. `call` gets the scope, from which it asks for weights by name, and the inputs.
 *
 * @example
 * const scale = layer('scale', {}, (scope, x) => mul(x, scope.weight('factor', [x.shape.at(-1)], { initializer: 'ones' })));
 */
export function layer<Inputs extends Tensor[]>(
  type: string,
  options: LayerOptions & Readonly<Record<string, unknown>>,
  call: (scope: LayerScope, ...inputs: Inputs) => Tensor,
): Layer<Inputs> {
  const { name, trainable = true, ...config } = options;
  if (name !== undefined) checkType(`${type}: name`, name, 'string');
  checkType(`${type}: trainable`, trainable, 'boolean');
  const state = {
    label: name,
    trainable,
    variables: new Map<string, Variable>(),
  };
  const apply = (...inputs: Inputs): Tensor => {
    const trace = currentTrace();
    const place = name ?? trace.numbered(self);
    state.label ??= trace.freeLabel(type);
    trace.enter(self, state.label);
    const run = () => call(scopeOf(trace, state), ...inputs);
    return withScope(type, state.label, () => trace.call(self, place, inputs, run));
  };
  const self = Object.defineProperties(apply, {
    type: { value: type, enumerable: true },
    config: { value: config, enumerable: true },
    label: { get: () => state.label, enumerable: true },
    trainable: {
      get: () => state.trainable,
      set: (value: boolean) => {
        checkType(`${type}: trainable`, value, 'boolean');
        state.trainable = value;
      },
      enumerable: true,
    },
    variables: { get: () => [...state.variables.values()], enumerable: true },
  }) as unknown as Layer<Inputs>;
  if (name !== undefined) given.add(self);
  return self;
}

interface LayerState {
  readonly variables: Map<string, Variable>;
}

function scopeOf(trace: Trace, layerState: LayerState): LayerScope {
  const variable = (
    name: string,
    shape: Shape,
    initial: Initializer,
    options: { trainable: boolean; operand?: boolean },
  ) => {
    const known = layerState.variables.get(name);
    if (known && !sameShape(known.shape, shape)) {
      throw new ShapeError(
        `${name} is ${formatShape(known.shape)}, this input expects ${formatShape(shape)}`,
      );
    }
    const first = (stream: number) => initial(shape, stream);
    const made = known ?? new Variable(`${scopePath()}/${name}`, shape, first, options);
    layerState.variables.set(name, made);
    trace.use(made, name);
    return made;
  };
  return {
    training: trace.training,
    trainable: trace.trainable,
    noise: trace.noise,
    examples: trace.examples,
    weight(name, shape, options = {}) {
      const { initializer = 'glorotUniform', trainable = true, operand = false } = options;
      const made = variable(name, shape, findInitializer(initializer), { trainable, operand });
      const value = read(made);
      trace.weight(made, value, options.regularizer, options.constraint);
      return value;
    },
    state: (name, shape, initial) =>
      read(variable(name, shape, findInitializer(initial), { trainable: false })),
    assign(name, value) {
      const target = layerState.variables.get(name) as Variable;
      trace.assignments.push({ variable: target, value });
    },
    stream: () => trace.stream('random'),
    addLoss: (penalty) => trace.penalties.push(penalty),
  };
}
