/** A piece of memory whose place is known when a program is planned (arena) or loaded (everything else). */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
}

/** A place inside a buffer; without a buffer, `offset` is an address (0: none). */
export interface Pointer {
  readonly buffer: Buffer | null;
  readonly offset: number;
  /** Bytes from here that the row may touch, over all iterations of the loops it stands in. */
  readonly bytes: number;
  /** [loop level, bytes]: the pointer moves by so much with each iteration; level 0 is the step. */
  readonly strides?: readonly (readonly [level: number, bytes: number])[];
}

/** No memory: kernels take it as "absent". */
export const NONE: Pointer = { buffer: null, offset: 0, bytes: 0 };

/** A fixed address. */
export function address(offset: number, bytes = 0): Pointer {
  return { buffer: null, offset, bytes };
}

export type ParameterType =
  | 'Out'
  | 'In'
  | 'InOut'
  | 'InAll'
  | 'OutAll'
  | 'Step'
  | 'i32'
  | 'u32'
  | 'real'
  | 'f64';

export interface Kernel {
  readonly id: number;
  readonly name: string;
  readonly parameters: readonly (readonly [name: string, type: ParameterType])[];
  /** Index of the parameter `unit`; the one before it is the number of items that threads share. −1: not shared. */
  readonly unit: number;
}

/** One call of a kernel, or the start or end of a loop. Plain data, never changed after compile. */
export interface Row {
  readonly kernel: Kernel;
  readonly args: readonly (Pointer | number)[];
}

export function kernel(id: number, name: string, parameters: Kernel['parameters']) {
  const info: Kernel = { id, name, parameters, unit: parameters.findIndex(([p]) => p === 'unit') };
  return (...args: (Pointer | number)[]): Row => ({
    kernel: info,
    args: args.slice(0, parameters.length),
  });
}

/** repeat n … end: the rows between run `count` times, or as often as the i32 at `countAt` says. */
const repeatRow = kernel(0, 'repeat', [
  ['count', 'i32'],
  ['countAt', 'InAll'],
  ['bytes', 'u32'],
]);
const endRow = kernel(1, 'end', []);

export const REPEAT = repeatRow(0, NONE, 0).kernel;
export const END = endRow().kernel;

export function repeat(count: number, countAt: Pointer = NONE): Row {
  return repeatRow(count, countAt, 0);
}

export function end(): Row {
  return endRow();
}
