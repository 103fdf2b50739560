import { defineOp } from '../graph/op.ts';
import { formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import { bytesOf, type Emitter, paddedBytes, type Tensor, type Variable } from '../graph/tensor.ts';
import { ShapeError } from '../runtime/errors.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import { NONE, type Pointer, type Row, type RowMaker } from '../runtime/row.ts';
import { elementwise, expectI32 } from './emit.ts';

/** Elements that one thread takes at least: updates of neighbours in a slab are one pass. */
const UNIT = 4096;

/** What all updates take: a parameter's own rate and decay. */
export interface Common {
  /** The step's learning rate is multiplied by it. */
  readonly factor: number;
  /** Decoupled: p −= rate·weightDecay·p first. */
  readonly weightDecay: number;
}

/** A kernel with the pointers, n, unit, the numbers, factor, weightDecay, guard and step as arguments. */
type UpdateKernel = (...args: never[]) => Row;

/**
 * An in-place update: inputs are the parameter, its gradient, then the slots; the last input is the guard, and nothing
 * changes where it is not finite. `numbers`: attributes in the order of the kernel; `pointers`: memory of parameter,
 * gradient and slots likewise.
 */
function updateOp<A extends Common>(
  name: string,
  kernel: UpdateKernel,
  numbers: readonly (keyof A)[] = [],
  pointers: (at: Pointer[], attrs: A) => Pointer[] = (at) => at,
) {
  return defineOp<
    [parameter: Tensor, gradient: Tensor, slots: readonly Tensor[], guard: Tensor, attrs: A],
    A
  >({
    name,
    args: (parameter, gradient, slots, guard, attrs) => [
      [parameter, gradient, ...slots, guard],
      attrs,
    ],
    effect: true,
    type: () => ({ shape: [], dtype: 'real' }),
    emit(e, { inputs, attrs }) {
      const guard = e.at(inputs.at(-1) as Tensor);
      const { at, n, unit } = sharedElements(e, inputs.slice(0, -1));
      const values = [...numbers, 'factor', 'weightDecay'].map((key) =>
        Number(attrs[key as keyof A]),
      );
      e.row((kernel as RowMaker)(...pointers(at, attrs), n, unit, ...values, guard, e.step));
    },
  });
}

/**
 * A parameter and what goes with it element by element. One in panels is shared by panels, as the product that computed
 * its gradient; others with the padding behind them, so that neighbours can be joined.
 */
function sharedElements(e: Emitter, tensors: readonly Tensor[]) {
  const parameter = tensors[0] as Tensor;
  const { shape } = parameter;
  if (!e.panels(parameter)) {
    const bytes = paddedBytes(parameter, e.realBytes);
    return { at: tensors.map((t) => ({ ...e.at(t), bytes })), n: bytes / e.realBytes, unit: UNIT };
  }
  const n = sizeOf(shape);
  return {
    at: tensors.map((t) => inPanels(e, t)),
    n,
    unit: (n / (shape.at(-1) as number)) * e.NR,
  };
}

function inPanels(e: Emitter, t: Tensor): Pointer {
  const stored = e.panels(t);
  if (stored) return stored;
  const to = e.temp(bytesOf(t, e.realBytes));
  e.row(packed(e, to, t));
  return to;
}

function packed(e: Emitter, to: Pointer, t: Tensor): Row {
  const N = t.shape.at(-1) as number;
  return kernels.packB(to, e.at(t), N, e.NR, sizeOf(t.shape) / N, N);
}

/** p −= rate·g */
export const sgdUpdate = updateOp<Common>('sgdUpdate', kernels.sgd);

/** m = μ·m − rate·g; p += m (Nesterov: p += μ·m − rate·g) */
export const momentumUpdate = updateOp<Common & { momentum: number; nesterov: boolean }>(
  'momentumUpdate',
  kernels.momentum,
  ['momentum', 'nesterov'],
);

export interface RmspropAttrs extends Common {
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  /** ε is added behind the square root. */
  readonly outside: boolean;
  readonly centered: boolean;
}

/** v = ρ·v + (1 − ρ)·g²; p −= rate·g/√(v + ε); slots v, then the mean if centered, then the momentum if not 0. */
export const rmspropUpdate = updateOp<RmspropAttrs>(
  'rmspropUpdate',
  kernels.rmsprop,
  ['rho', 'momentum', 'epsilon', 'outside'],
  (at, { centered, momentum }) => {
    const more = at.splice(3);
    const slot = (kept: boolean) => (kept && more.shift()) || NONE;
    return [...at, slot(centered), slot(momentum !== 0)];
  },
);

export interface AdamAttrs extends Common {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** ε is scaled with the bias correction of v, as PyTorch does. */
  readonly outside: boolean;
}

/** m, v: running means of g and g²; p −= α·m/(√v + ε), α = rate·√(1 − β2ᵗ)/(1 − β1ᵗ); a third slot: their maximum (AMSGrad). */
export const adamUpdate = updateOp<AdamAttrs>(
  'adamUpdate',
  kernels.adam,
  ['beta1', 'beta2', 'epsilon', 'outside'],
  (at) => [...at, NONE].slice(0, 5),
);

/** a += g²; p −= rate·g/√(a + ε) */
export const adagradUpdate = updateOp<Common & { epsilon: number; outside: boolean }>(
  'adagradUpdate',
  kernels.adagrad,
  ['epsilon', 'outside'],
);

export interface BetaAttrs extends Common {
  readonly beta1: number;
  readonly beta2: number;
}

/** m: running mean of g, u = max(β2·u, |g|); p −= rate/(1 − β1ᵗ)·m/(u + ε) */
export const adamaxUpdate = updateOp<BetaAttrs & { epsilon: number }>(
  'adamaxUpdate',
  kernels.adamax,
  ['beta1', 'beta2', 'epsilon'],
);

/** Adam whose moment looks one step ahead; slots m and v. */
export const nadamUpdate = updateOp<BetaAttrs & { epsilon: number }>('nadamUpdate', kernels.nadam, [
  'beta1',
  'beta2',
  'epsilon',
]);

/** a: running mean of g², d: of Δ²; Δ = g·√(d + ε)/√(a + ε); p −= rate·Δ */
export const adadeltaUpdate = updateOp<Common & { rho: number; epsilon: number }>(
  'adadeltaUpdate',
  kernels.adadelta,
  ['rho', 'epsilon'],
);

/** p −= rate·sign(β1·m + (1 − β1)·g); m = β2·m + (1 − β2)·g */
export const lionUpdate = updateOp<BetaAttrs>('lionUpdate', kernels.lion, ['beta1', 'beta2']);

/**
 * Writes NaN to the memory of `flag`, a number of its own, where a number of x is NaN or infinite. x in panels is shared by
 * panels, as by its update; in the memory of `home` it is checked with the padding behind it, so that neighbours can be joined.
 */
export const checkFinite = defineOp({
  name: 'checkFinite',
  effect: true,
  args: (flag: Tensor, x: Tensor, home?: Variable) => [[flag, x], { home }],
  type: () => ({ shape: [], dtype: 'real' }),
  emit(e, node) {
    const [flag, x] = node.inputs as [Tensor, Tensor];
    const panels = e.panels(x);
    const at = panels ?? e.at(x);
    const own = node.attrs.home?.pointer(e.realBytes);
    const padded = !panels && own?.buffer === at.buffer && own?.offset === at.offset;
    const n = padded ? own.bytes / e.realBytes : sizeOf(x.shape);
    const unit = panels ? (n / (x.shape.at(-1) as number)) * e.NR : UNIT;
    e.row(kernels.checkFinite(e.at(flag), padded ? own : at, n, unit));
  },
});

/** Writes `value` to the memory of `variable`, which lies row by row, at once, unless the guard is not finite. */
export const assignGuarded = defineOp({
  name: 'assignGuarded',
  effect: true,
  args: (variable: Tensor, value: Tensor, guard: Tensor) => [[variable, value, guard], {}],
  type: () => ({ shape: [], dtype: 'real' }),
  emit(e, node) {
    const [variable, value, guard] = node.inputs as [Tensor, Tensor, Tensor];
    const { n, unit } = elementwise(e, value);
    e.row(kernels.copyGuarded(e.at(variable), e.at(value), n, unit, e.at(guard)));
  },
});

/** average = momentum·average + (1 − momentum)·value, at the first update value; at each `every`-th update value = average. */
export const averageUpdate = defineOp({
  name: 'averageUpdate',
  effect: true,
  args: (average: Tensor, value: Tensor, guard: Tensor, momentum: number, every: number) => [
    [average, value, guard],
    { momentum, every },
  ],
  type: () => ({ shape: [], dtype: 'real' }),
  emit(e, node) {
    const guard = e.at(node.inputs[2] as Tensor);
    const { at, n, unit } = sharedElements(e, node.inputs.slice(0, 2));
    const { momentum, every } = node.attrs;
    e.row(
      kernels.movingAverage(...(at as [Pointer, Pointer]), n, unit, momentum, every, guard, e.step),
    );
  },
});

/** The value of a variable behind the updates: what it is when they are done. */
export const readAfter = defineOp({
  name: 'readAfter',
  view: true,
  args: (value: Tensor, updates: readonly Tensor[]) => [[value, ...updates], {}],
  type: ([value]) => value as Tensor,
  emit() {},
});

/** Writes `value` to the memory of `variable` at once, behind the updates that it depends on. */
export const overwrite = defineOp({
  name: 'overwrite',
  effect: true,
  args: (variable: Tensor, value: Tensor) => [[variable, value], {}],
  type([variable, value]) {
    if (sameShape((variable as Tensor).shape, (value as Tensor).shape))
      return { shape: [], dtype: 'real' };
    throw new ShapeError(
      `a value ${formatShape((value as Tensor).shape)} for a variable ${formatShape((variable as Tensor).shape)}`,
    );
  },
  emit(e, node) {
    const [variable, value] = node.inputs as [Tensor, Tensor];
    const panels = e.panels(variable);
    if (panels) e.row(packed(e, panels, value));
    else {
      const { n, unit } = elementwise(e, value);
      e.row(kernels.copy(e.at(variable), e.at(value), n, unit));
    }
  },
});

/**
 * x[places[i]] = values[i] in the memory of x at once, for i in the running step's row of the tables: places i32 and values
 * [steps, n]. Places outside of x are skipped.
 */
export const setElements = defineOp({
  name: 'setElements',
  effect: true,
  args: (x: Tensor, places: Tensor, values: Tensor) => [[x, places, values], {}],
  type([, places, values]) {
    const { shape } = places as Tensor;
    expectI32('setElements', 'places', places as Tensor);
    if (shape.length === 2 && sameShape(shape, (values as Tensor).shape))
      return { shape: [], dtype: 'real' };
    throw new ShapeError(
      `setElements: values ${formatShape((values as Tensor).shape)} for places ${formatShape(shape)}, expected [steps, n] twice`,
    );
  },
  emit(e, node) {
    const [x, places, values] = node.inputs as [Tensor, Tensor, Tensor];
    const count = places.shape[1] as number;
    const row = (t: Tensor, bytes: number): Pointer => ({
      ...e.at(t),
      strides: [[0, count * bytes]],
    });
    const tables = [row(places, 4), row(values, e.realBytes)] as const;
    e.row(kernels.setElements(e.at(x), ...tables, sizeOf(x.shape), count));
  },
});

/** Keeps the values of x of each step for the host: place [steps, slots] is bound when the program is loaded. */
export const record = defineOp({
  name: 'record',
  effect: true,
  args: (x: Tensor, slot: number) => [[x], { slot }],
  type: () => ({ shape: [], dtype: 'real' }),
  emit(e, node) {
    const [x] = node.inputs as [Tensor];
    const n = sizeOf(x.shape);
    e.row(kernels.copy(e.result(node.attrs.slot, n), e.at(x), n, n));
  },
});
