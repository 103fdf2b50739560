import { sizeOf } from '../graph/shape.ts';
import { bytesOf, type DType, rootOf, type Tensor, type Variable } from '../graph/tensor.ts';
import type { Assignment } from '../nn/trace.ts';
import { cast } from '../ops/select.ts';
import { record } from '../ops/update.ts';
import type { Target } from '../runtime/engine.ts';
import { StateError } from '../runtime/errors.ts';
import { type Buffer, END, type Pointer, REPEAT, type Row } from '../runtime/row.ts';
import { atOnce, type Work } from '../runtime/turns.ts';
import { placeBarriers } from './barriers.ts';
import { debugLevel } from './debug.ts';
import { type EmittedRow, RESULTS, RowEmitter, STEPS } from './emitter.ts';
import { mergeNeighbours } from './merge.ts';
import { lifetimes, type Plan, plan } from './plan.ts';
import { rewriting } from './rewrite.ts';
import { schedule } from './schedule.ts';
import { type Constants, StorageMap } from './storage.ts';

/** What a program is to compute. */
export interface ProgramSpec {
  readonly name: string;
  /** Values the host reads after a call (of the last step). */
  readonly outputs?: Readonly<Record<string, Tensor>>;
  /** Values the host reads for every step of a call. */
  readonly records?: readonly Tensor[];
  readonly assignments?: readonly Assignment[];
  /** Nodes that change variables in place. */
  readonly effects?: readonly Tensor[];
}

/** Where the host finds or leaves a tensor. */
export interface Port {
  readonly pointer: Pointer;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** A compiled step: plain data, the same rows for any number of threads. */
export interface Program {
  readonly name: string;
  readonly target: Target;
  readonly rows: readonly Row[];
  /** The node that each row belongs to. */
  readonly nodes: readonly Tensor[];
  readonly barriers: readonly boolean[];
  readonly plan: Plan;
  readonly constants: Constants;
  readonly inputs: ReadonlyMap<string, Port>;
  readonly outputs: ReadonlyMap<string, Port>;
  /** Those that it reads. */
  readonly variables: readonly Variable[];
  /** Reals recorded for each step. */
  readonly slots: number;
  readonly flops: number;
  /** Estimated microseconds of a step on one thread. */
  readonly us: number;
  /** Bytes that the first step may be the first to touch. */
  readonly fresh: number;
  /** Too little work to share among threads. */
  readonly serial: boolean;
}

/** Turns nodes into rows: rules of ops, order, storage, rows, memory plan, barriers. Touches no wasm memory. */
export function compile(spec: ProgramSpec, target: Target): Program {
  return atOnce(compiling(spec, target));
}

/** The same in pieces. */
export function* compiling(spec: ProgramSpec, target: Target): Work<Program> {
  const { records = [], effects = [], ...written } = beforeChange(spec);
  const { recorded, slots } = inSlots(records);
  const values = [...Object.values(written.outputs), ...written.assignments.map((a) => a.value)];
  const roots = [...values, ...recorded, ...effects];
  const { nodes, now } = yield* rewriting(roots, target.realBytes);
  const outputs = Object.entries(written.outputs).map(([name, t]) => [name, now(t)] as const);
  const assignments = written.assignments.map((a) => ({ ...a, value: now(a.value) }));
  const results = outputs.map(([, t]) => t);
  const order = schedule(roots.map(now), nodes);
  const reuse = debugLevel() < 3;
  const variables = variablesOf(order);
  checkPlaced(spec.name, variables);
  yield;
  const storage = new StorageMap(order, results, assignments, target.realBytes, reuse);
  yield;
  const emitted = mergeNeighbours(yield* emitRows(order, storage, target, slots));
  const rows = emitted.map((e) => e.row);
  yield;
  const placed = planMemory(rows, order, results, storage, reuse);
  const flops = order.reduce((sum, n) => sum + (n.op.flops?.(n) ?? 0), 0);
  yield;
  const barriers = yield* placeBarriers(rows, virtualAddresses(placed));
  const ports = (tensors: readonly (readonly [string, Tensor])[]) =>
    new Map(
      tensors.map(([name, t]) => [
        name,
        { pointer: storage.at(t), shape: t.shape, dtype: t.dtype },
      ]),
    );
  const counts = iterations(rows);
  const us = microseconds(rows, counts, flops);
  const inputs = order.filter((n) => n.op.source === 'input');
  return {
    name: spec.name,
    target,
    rows,
    nodes: emitted.map((e) => e.node),
    barriers,
    plan: placed,
    constants: storage.constants,
    inputs: ports(inputs.map((n) => [n.attrs.name as string, n])),
    outputs: ports(outputs),
    variables,
    slots,
    flops,
    us,
    fresh: assignments.reduce(
      (sum, a) => sum + bytesOf(a.variable, target.realBytes),
      placed.bytes,
    ),
    serial: isSerial(us, barriers, counts),
  };
}

function variablesOf(order: readonly Tensor[]): Variable[] {
  return order.flatMap(({ op, attrs }) => (op.source === 'variable' ? [attrs.variable] : []));
}

/** Throws for weights without memory: those of layers that are not built, or are made anew in each trace. */
function checkPlaced(where: string, variables: Iterable<Variable>): void {
  for (const { storage, name } of variables) {
    if (!storage)
      throw new StateError(
        `${where}: the layer of weight "${name}" is not built, or made inside of a function: make it outside, in a model that is built`,
      );
  }
}

/** What is recorded, one behind the other, and how many numbers that is. */
function inSlots(records: readonly Tensor[]): { recorded: Tensor[]; slots: number } {
  let slots = 0;
  const recorded = records.map((tensor) => {
    const node = record(tensor, slots);
    slots += sizeOf(tensor.shape);
    return node;
  });
  return { recorded, slots };
}

/**
 * Copies values of variables that the program assigns to, where they are assigned to others or read by the host: they
 * are those from before. The host reads rows, not panels.
 */
function beforeChange({ outputs = {}, assignments = [], ...rest }: ProgramSpec) {
  const changed = new Set(assignments.map((a) => a.variable));
  const kept = (t: Tensor) => {
    const { op, attrs } = rootOf(t);
    return op.source === 'variable' && changed.has(attrs.variable) ? cast(t, t.dtype) : t;
  };
  const inRows = (t: Tensor) => {
    const { op, attrs } = rootOf(t);
    return op.source === 'variable' && attrs.variable.storage?.panel ? cast(t, t.dtype) : kept(t);
  };
  return {
    ...rest,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, t]) => [name, inRows(t)])),
    assignments: assignments.map((a) => ({ ...a, value: kept(a.value) })),
  };
}

function* emitRows(
  order: readonly Tensor[],
  storage: StorageMap,
  target: Target,
  slots: number,
): Work<EmittedRow[]> {
  const emitter = new RowEmitter(target, storage, slots);
  for (const node of order) {
    emitter.emit(node);
    yield;
  }
  for (const { variable, value } of storage.copies) {
    const to = { ...variable.pointer(target.realBytes), bytes: bytesOf(value, target.realBytes) };
    emitter.assign(to, value, variable.storage?.panel ?? 0);
  }
  return emitter.rows;
}

/** Inputs live from the start, outputs to the end; what is bound at load time is not planned. */
function planMemory(
  rows: readonly Row[],
  order: readonly Tensor[],
  outputs: readonly Tensor[],
  storage: StorageMap,
  reuse: boolean,
): Plan {
  const bound = new Set<Buffer>([STEPS, RESULTS, storage.constants.buffer]);
  for (const node of order) {
    const outside = node.op.source === 'variable' || node.op.source === 'external';
    const buffer = outside && storage.at(node).buffer;
    if (buffer) bound.add(buffer);
  }
  for (const buffer of storage.pinnedBuffers()) bound.add(buffer);
  const lives = lifetimes(rows, (buffer) => !bound.has(buffer));
  const last = rows.length;
  const keep = (node: Tensor, whole: boolean) => {
    const { buffer } = storage.at(node);
    if (!buffer || bound.has(buffer)) return;
    const life = lives.get(buffer) ?? { first: 0, last };
    lives.set(buffer, { first: whole ? 0 : life.first, last });
  };
  for (const node of order) if (node.op.source === 'input') keep(node, true);
  for (const node of outputs) keep(node, false);
  return plan(lives, reuse);
}

/** A numbering of all memory in which different buffers never meet, except in the arena as planned. */
function virtualAddresses(placed: Plan): (p: Pointer) => number {
  const bases = new Map<Buffer, number>();
  let top = placed.bytes;
  return ({ buffer, offset }) => {
    if (!buffer) return offset;
    const planned = placed.offsets.get(buffer);
    if (planned !== undefined) return planned + offset;
    let base = bases.get(buffer);
    if (base === undefined) {
      base = top;
      top += 2 ** 33;
      bases.set(buffer, base);
    }
    return base + offset;
  };
}

/** For each row how often a step runs it. */
export function iterations(rows: readonly Row[]): number[] {
  const around = [1];
  return rows.map(({ kernel, args }) => {
    const outer = around.at(-1) as number;
    if (kernel === REPEAT) around.push(outer * (args[0] as number));
    if (kernel === END) around.pop();
    return kernel === REPEAT ? outer : (around.at(-1) as number);
  });
}

/** At 60 GFLOP/s and 50 GB/s, what one core reads from its own caches. */
function microseconds(rows: readonly Row[], counts: readonly number[], flops: number): number {
  let bytes = 0;
  rows.forEach(({ args }, i) => {
    for (const arg of args) if (typeof arg !== 'number') bytes += touched(arg, counts[i] as number);
  });
  return flops / 60e3 + bytes / 50e3;
}

/** Bytes behind a pointer in so many iterations: one that moves by less than its bytes tells of all of them. */
export function touched({ bytes, strides = [] }: Pointer, count: number): number {
  const whole = strides.some(([level, stride]) => level > 0 && Math.abs(stride) < bytes);
  return whole ? bytes : bytes * count;
}

/** What a second thread must gain for what then crosses from core to core, and at each barrier, in microseconds. */
const CROSSING_US = 10;
const BARRIER_US = 1;

/** Does half of the work outweigh the meetings? */
function isSerial(us: number, barriers: readonly boolean[], counts: readonly number[]): boolean {
  const meetings = barriers.reduce((sum, met, i) => sum + (met ? (counts[i] as number) : 0), 1);
  return us / 2 < meetings * BARRIER_US + CROSSING_US;
}
