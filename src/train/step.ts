import type { ProgramSpec } from '../compile/program.ts';

import { sameShape } from '../graph/shape.ts';
import { rootOf, type Tensor, type Variable } from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import type { Constraint } from '../nn/constraint.ts';
import type { Assignment, Trace } from '../nn/trace.ts';
import { add, affine } from '../ops/binary.ts';
import { differentiating } from '../ops/gradient.ts';
import { read } from '../ops/leaf.ts';
import { cast } from '../ops/select.ts';
import { assignGuarded, averageUpdate, checkFinite, overwrite, readAfter } from '../ops/update.ts';
import { clipGradients } from '../optim/clip.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import type { Work } from '../runtime/turns.ts';
import type { LayerOutput, Probe, StepView } from './probe.ts';
import { inMemoryOrder } from './slabs.ts';

/** State that training keeps beside each parameter. */
export interface TrainState {
  readonly gradients: ReadonlyMap<Variable, Variable>;
  readonly slots: ReadonlyMap<Variable, readonly Variable[]>;
}

/** Which step of an accumulated one: gradients start, add up, or add up and are applied. */
export type Accumulation = 'only' | 'first' | 'middle' | 'last';

/** What a step computes from a batch, and what it changes. */
export interface StepParts {
  readonly name: string;
  readonly loss: Tensor;
  /** Scalars that are kept of each step. */
  readonly records: readonly Tensor[];
  readonly variables: readonly Variable[];
  readonly trace: Pick<Trace, 'assignments' | 'constraints'>;
  /** What is assigned whether the step counts or not. */
  readonly metrics?: readonly Assignment[];
  /** What else is recorded, from what layers compute. */
  readonly probe?: Probe | undefined;
  readonly layerOutputs?: readonly LayerOutput[];
  /** What the model's outputs should be. */
  readonly truths?: ReadonlyMap<Tensor, Tensor>;
}

/**
 * A training step as a program: loss, gradients, updates, constraints. Behind the records of the parts and of the probe, one that
 * updates has its guard.
 */
export function* trainStep(
  parts: StepParts,
  optimizer: Optimizer,
  state: TrainState,
  accumulation: Accumulation = 'only',
  batches = 1,
): Work<ProgramSpec> {
  const { name, loss, records, variables, trace, metrics = [], probe } = parts;
  const watched = probe ? watchable(parts) : [];
  const found = yield* differentiating(loss, [...variables, ...watched]);
  const gradients = variables.map((v) => state.gradients.get(v) as Variable);
  const sums = gradients.map((g, i) => accumulate(found[i] as Tensor, g, accumulation, batches));
  const kept = (values: readonly Tensor[]) =>
    values.map((value, i) => ({ variable: gradients[i] as Variable, value }));
  const { guarded, others } = statistics(trace.assignments);
  const assignments = [...others, ...metrics];
  if (accumulation === 'first' || accumulation === 'middle') {
    const effects = settle(guarded, guardOf(loss, guarded));
    return { name, records, assignments: [...kept(sums), ...assignments], effects };
  }
  const limited = clipGradients(sums, optimizer.options);
  const gradientOf = new Map(variables.map((v, i) => [v, limited[i] as Tensor]));
  const ordered = inMemoryOrder(variables);
  const applied = ordered.map((v) => ({
    variable: state.gradients.get(v) as Variable,
    value: gradientOf.get(v) as Tensor,
  }));
  const guard = guardOf(loss, [...guarded, ...applied]);
  const updates = ordered.map((variable) => {
    const slots = (state.slots.get(variable) ?? []).map((slot) => read(slot));
    const gradient = gradientOf.get(variable) as Tensor;
    return optimizer.update(read(variable), gradient, slots, guard, variable.name);
  });
  const limits = constrain(variables, trace.constraints, updates);
  const changes = [...updates, ...limits];
  const gradientsOf = new Map(watched.map((t, i) => [t, found[variables.length + i] as Tensor]));
  const seen = probe?.watch(viewStep(parts, gradientsOf, sums, changes)) ?? [];
  const averages = average(variables, optimizer, state, guard, changes);
  return {
    name,
    records: [...records, ...seen, guard],
    assignments: [...kept(limited), ...assignments],
    effects: [...changes, ...averages, ...settle(guarded, guard)],
  };
}

/** Statistics of layers, which a step that is skipped leaves as they are, and what is assigned in any case. */
function statistics(assignments: readonly Assignment[]) {
  const can = ({ variable }: Assignment) => variable.dtype === 'real' && !variable.operand;
  const own = ({ variable, value }: Assignment) => {
    const copied = rootOf(value).op.source === 'variable';
    return { variable, value: copied ? cast(value, value.dtype) : value };
  };
  return {
    guarded: assignments.filter(can).map(own),
    others: assignments.filter((a) => !can(a)),
  };
}

function settle(assignments: readonly Assignment[], guard: Tensor): Tensor[] {
  return assignments.map(({ variable, value }) => assignGuarded(read(variable), value, guard));
}

/** What guards the updates of a step, all or none: NaN where the loss or what is assigned is not finite, else 0. */
function guardOf(loss: Tensor, assigned: readonly Assignment[]): Tensor {
  const flag = affine(loss, 0);
  const checks = assigned.map(({ variable, value }) => checkFinite(flag, value, variable));
  return readAfter(flag, checks);
}

/** Outputs of layers whose gradient is at hand: weights lie before them, and the loss depends on them. */
function watchable({ loss, variables, layerOutputs = [] }: StepParts): Tensor[] {
  const trained = new Set<unknown>(variables);
  const behind = new Set<Tensor>();
  for (const node of reachable([loss])) {
    const own = node.op.source === 'variable' && trained.has(node.attrs.variable);
    if (own || node.inputs.some((i) => behind.has(i))) behind.add(node);
  }
  return [...new Set(layerOutputs.map((o) => o.value))].filter((t) => behind.has(t));
}

function viewStep(
  { variables, layerOutputs = [], truths }: StepParts,
  gradientsOf: ReadonlyMap<Tensor, Tensor>,
  sums: readonly Tensor[],
  changes: readonly Tensor[],
): StepView {
  return {
    outputs: layerOutputs.map((o) => ({
      ...o,
      gradient: gradientsOf.get(o.value),
      truth: truthOf(o.value, truths?.get(o.value)),
    })),
    weights: variables.map((variable, i) => ({
      variable,
      before: cast(read(variable), variable.dtype),
      gradient: sums[i] as Tensor,
      after: readAfter(read(variable), changes),
    })),
  };
}

function truthOf({ shape }: Tensor, truth: Tensor | undefined): Tensor | null | undefined {
  return truth && (sameShape(shape, truth.shape) ? truth : null);
}

/** Puts constrained weights back to where they are allowed, once all are updated. */
function constrain(
  variables: readonly Variable[],
  constraints: ReadonlyMap<Variable, Constraint>,
  updates: readonly Tensor[],
): Tensor[] {
  return variables.flatMap((variable) => {
    const constraint = constraints.get(variable);
    if (!constraint) return [];
    const value = read(variable);
    return [overwrite(value, constraint(readAfter(value, updates)))];
  });
}

/** Moves the averages of the weights, where the optimiser keeps them, towards what `changes` made of them. */
function average(
  variables: readonly Variable[],
  { options: { useEma, emaMomentum = 0.99, emaOverwriteFrequency = 0 } }: Optimizer,
  { slots }: TrainState,
  guard: Tensor,
  changes: readonly Tensor[],
): Tensor[] {
  if (!useEma) return [];
  return inMemoryOrder(variables).map((variable) => {
    const value = readAfter(read(variable), changes);
    const mean = read(slots.get(variable)?.at(-1) as Variable);
    return averageUpdate(mean, value, guard, emaMomentum, emaOverwriteFrequency);
  });
}

/** Gives the weights that are averaged the values of their averages. */
export function averagesStep(slots: TrainState['slots']): ProgramSpec {
  const assignments = [...slots].map(([variable, list]) => ({
    variable,
    value: read(list.at(-1) as Variable),
  }));
  return { name: 'averages', assignments };
}

function accumulate(
  gradient: Tensor,
  sum: Variable,
  accumulation: Accumulation,
  batches: number,
): Tensor {
  if (accumulation === 'only') return gradient;
  const part = affine(gradient, 1 / batches);
  return accumulation === 'first' ? part : add(read(sum), part);
}
