import { hash, scopePath } from '../graph/scope.ts';
import type { Tensor, Variable } from '../graph/tensor.ts';
import { OptionError, StateError } from '../runtime/errors.ts';
import type { Constraint } from './constraint.ts';
import type { Layer } from './layer.ts';
import type { Regularizer } from './regularizer.ts';

/** `variable` takes `value` at the end of the step. */
export interface Assignment {
  readonly variable: Variable;
  readonly value: Tensor;
}

/** Runs the call of a layer or a model on tensors, taking note of it. */
export type Recorder = (callee: object, inputs: readonly Tensor[], call: () => Tensor) => Tensor;

/** A layer of any inputs. */
type AnyLayer = Layer<never>;

/** A layer or a model. */
export interface Callee {
  trainable?: boolean;
}

/** Where a walk is. */
interface Here {
  /** The names of what is being called; those that were not given are numbered as if nothing had been traced before. */
  readonly path: string;
  readonly callee: object;
  readonly trainable: boolean;
}

/** What a walk may be told. */
export interface TraceOptions {
  /** Whether training may change any weight, default true. */
  readonly trainable?: boolean | undefined;
  /** Examples whose gradients an update averages, default 1: what penalties are divided by. */
  readonly examples?: number;
  /** Penalty of the weights that have none of their own. */
  readonly regularizer?: Regularizer | undefined;
  /** Whether that one is for biases and other vectors too, default false. */
  readonly regularizeBiases?: boolean | undefined;
  /** Whether random layers act, default in training. */
  readonly noise?: boolean | undefined;
}

/** What one walk through a model's layers collects. */
export class Trace {
  readonly training: boolean;
  readonly noise: boolean;
  readonly variables = new Set<Variable>();
  /** Names of the random numbers with which they start; those of two may be the same. */
  readonly streams = new Map<Variable, number>();
  /** Those of them that training must leave alone. */
  readonly frozen = new Set<Variable>();
  readonly assignments: Assignment[] = [];
  /** Scalars that are added to the loss. */
  readonly penalties: Tensor[] = [];
  /** What weights must stay in. */
  readonly constraints = new Map<Variable, Constraint>();
  readonly examples: number;
  /** Called layers in the order of their first call. */
  readonly layers = new Set<Layer>();
  /** Models that were called as layers. */
  readonly models = new Set<Callee>();
  recorder: Recorder | null = null;
  #here: Here;
  #labels = new Set<string>();
  #named = new Map<object, Map<string, AnyLayer>>();
  #numbers = new Map<string, number>();
  #numbered = new Map<AnyLayer, string>();
  #streams = new Map<string, number>();

  #options: TraceOptions;
  #weights = new Set<Variable>();

  constructor(training: boolean, options: TraceOptions = {}) {
    this.training = training;
    this.noise = options.noise ?? training;
    this.examples = options.examples ?? 1;
    this.#options = options;
    this.#here = { path: '', callee: this, trainable: options.trainable ?? true };
  }

  /** Whether training may change the weights of what is being called. */
  get trainable(): boolean {
    return this.#here.trainable;
  }

  /** Takes note of a weight, or other state, that the layer under way calls `name`. */
  use(variable: Variable, name: string): void {
    this.variables.add(variable);
    this.#note(variable, name);
  }

  #note(variable: Variable, name: string): void {
    if (!variable.trainable || !this.trainable) this.frozen.add(variable);
    if (!this.streams.has(variable)) this.streams.set(variable, hash(`${this.#here.path}/${name}`));
  }

  /** Adds the penalty of a weight and notes its constraint: once, however often the weight is asked for, and not when it is frozen. */
  weight(
    variable: Variable,
    value: Tensor,
    own?: Regularizer | undefined,
    constraint?: Constraint | undefined,
  ): void {
    if (this.#weights.has(variable) || this.frozen.has(variable)) return;
    this.#weights.add(variable);
    const { regularizer, regularizeBiases } = this.#options;
    const penalty = own ?? (regularizeBiases || !isBias(variable) ? regularizer : undefined);
    if (penalty) this.penalties.push(penalty(value, this.examples));
    if (constraint) this.constraints.set(variable, constraint);
  }

  /** Runs the call of what is called `name`, under the eyes of the recorder where there is one. */
  call(callee: Callee, name: string, inputs: readonly Tensor[], body: () => Tensor): Tensor {
    const outer = this.#here;
    const path = outer.path ? `${outer.path}/${name}` : name;
    this.#here = { path, callee, trainable: outer.trainable && callee.trainable !== false };
    try {
      return this.recorder ? this.recorder(callee, inputs, body) : body();
    } finally {
      this.#here = outer;
    }
  }

  /** `type`, or `type_1`, `type_2` …: the first that no layer of the scope has. */
  freeLabel(type: string): string {
    let label = type;
    for (let n = 1; this.#labels.has(`${scopePath()}/${label}`); n++) label = `${type}_${n}`;
    return label;
  }

  /** The same by the number of layers without a given name, whatever they were called before. */
  numbered(layer: AnyLayer): string {
    const known = this.#numbered.get(layer);
    if (known) return known;
    const key = `${this.#here.path}/${layer.type}`;
    const count = this.#numbers.get(key) ?? 0;
    this.#numbers.set(key, count + 1);
    const name = count ? `${layer.type}_${count}` : layer.type;
    this.#numbered.set(layer, name);
    return name;
  }

  /** Takes note of a layer. Throws for two of the same name in one model, or layer, where one of the names was given. */
  enter(layer: AnyLayer, label: string): void {
    const { callee } = this.#here;
    this.layers.add(layer as Layer);
    this.#labels.add(`${scopePath()}/${label}`);
    const names = this.#named.get(callee) ?? new Map<string, AnyLayer>();
    const other = names.get(label) ?? layer;
    if (other !== layer && (given.has(other) || given.has(layer)))
      throw new OptionError(`two layers are called "${label}": give each a name of its own`);
    this.#named.set(callee, names.set(label, layer));
  }

  /** A stream of random numbers of its own for each request, the same in every trace. */
  stream(purpose: string): number {
    const key = `${scopePath()}/${purpose}`;
    const count = this.#streams.get(key) ?? 0;
    this.#streams.set(key, count + 1);
    return hash(`${key}:${count}`);
  }
}

/** Layers whose name was given in code. */
export const given = new WeakSet<AnyLayer>();

function isBias({ name, shape }: Variable): boolean {
  return shape.length < 2 || /bias$/i.test(name);
}

let current: Trace | null = null;

/** Runs `body`, collecting into `trace` what its layers ask for. */
export function withTrace<T>(trace: Trace, body: () => T): T {
  const outer = current;
  current = trace;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** The trace under way. */
export function currentTrace(): Trace {
  if (!current) throw new StateError('a layer was called outside of a model, trainer or evaluate');
  return current;
}
