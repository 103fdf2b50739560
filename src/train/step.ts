import { gradients } from '../compile/grad.ts';
import type { ProgramSpec } from '../compile/program.ts';
import type { Tensor, Variable } from '../graph/tensor.ts';
import type { Assignment } from '../nn/trace.ts';
import { add, affine } from '../ops/binary.ts';
import { read } from '../ops/leaf.ts';
import { clipGradients } from '../optim/clip.ts';
import type { Optimizer } from '../optim/optimizer.ts';

/** State that training keeps beside each parameter. */
export interface TrainState {
  readonly gradients: ReadonlyMap<Variable, Variable>;
  readonly slots: ReadonlyMap<Variable, readonly Variable[]>;
}

/** Which step of an accumulated one: gradients start, add up, or add up and are applied. */
export type Accumulation = 'only' | 'first' | 'middle' | 'last';

/** A training step as a program: loss, gradients, updates. */
export function trainStep(
  name: string,
  loss: Tensor,
  records: readonly Tensor[],
  variables: readonly Variable[],
  assignments: readonly Assignment[],
  optimizer: Optimizer,
  state: TrainState,
  accumulation: Accumulation = 'only',
  parts = 1,
): ProgramSpec {
  const found = gradients(loss, variables);
  const sums = found.map((g, i) =>
    accumulate(g, state.gradients.get(variables[i] as Variable) as Variable, accumulation, parts),
  );
  const kept = sums.map((value, i) => ({
    variable: state.gradients.get(variables[i] as Variable) as Variable,
    value,
  }));
  if (accumulation === 'first' || accumulation === 'middle') {
    return { name, records, assignments: [...kept, ...assignments], effects: [] };
  }
  const limited = clipGradients(sums, optimizer.options);
  const clipped = limited.map((value, i) => ({
    variable: (kept[i] as Assignment).variable,
    value,
  }));
  const effects = variables.map((variable, i) => {
    const slots = (state.slots.get(variable) ?? []).map((slot) => read(slot));
    return optimizer.update(read(variable), limited[i] as Tensor, slots, loss);
  });
  return { name, records, assignments: [...clipped, ...assignments], effects };
}

function accumulate(
  gradient: Tensor,
  sum: Variable,
  accumulation: Accumulation,
  parts: number,
): Tensor {
  if (accumulation === 'only') return gradient;
  const part = affine(gradient, 1 / parts);
  return accumulation === 'first' ? part : add(read(sum), part);
}
