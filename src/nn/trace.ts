import { hash, scopePath } from '../graph/scope.ts';
import type { Tensor, Variable } from '../graph/tensor.ts';
import { StateError } from '../runtime/errors.ts';
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

/** What a walk may be told. */
export interface TraceOptions {
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
  recorder: Recorder | null = null;
  #names = new Map<string, number>();
  #streams = new Map<string, number>();

  #options: TraceOptions;
  #weights = new Set<Variable>();

  constructor(training: boolean, options: TraceOptions = {}) {
    this.training = training;
    this.noise = options.noise ?? training;
    this.examples = options.examples ?? 1;
    this.#options = options;
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

  /** Runs the call, under the eyes of the recorder where there is one. */
  call(callee: object, inputs: readonly Tensor[], body: () => Tensor): Tensor {
    return this.recorder ? this.recorder(callee, inputs, body) : body();
  }

  /** `type`, or `type_1`, `type_2` … when the scope has it already. */
  uniqueName(type: string): string {
    const key = `${scopePath()}/${type}`;
    const count = this.#names.get(key) ?? 0;
    this.#names.set(key, count + 1);
    return count ? `${type}_${count}` : type;
  }

  /** A stream of random numbers of its own for each request, the same in every trace. */
  stream(purpose: string): number {
    const key = `${scopePath()}/${purpose}`;
    const count = this.#streams.get(key) ?? 0;
    this.#streams.set(key, count + 1);
    return hash(`${key}:${count}`);
  }
}

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
