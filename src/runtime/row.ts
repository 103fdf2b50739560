/** A piece of memory whose place is known when a program is planned (arena) or loaded (everything else). */
export interface Buffer {
  readonly name: string;
  readonly bytes: number;
  /** Loops of which it holds what one iteration needs, default 0: it is free again behind the last row that touches it there. */
  readonly depth?: number;
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
  | 'Flag'
  | 'Step'
  | 'i32'
  | 'u32'
  | 'real'
  | 'f64';

export interface Kernel {
  /** `nameOf` in `kernelName.ts` says what it is called. */
  readonly id: number;
  /** Of its parameters in order; `parameters.gen.ts` has their names. */
  readonly types: readonly ParameterType[];
  /** Index of the parameter `unit`; the one before it is the number of items that threads share. −1: not shared. */
  readonly unit: number;
}

/** One call of a kernel, or the start or end of a loop. Plain data, never changed after compile. */
export interface Row {
  readonly kernel: Kernel;
  readonly args: readonly (Pointer | number)[];
}

export type RowMaker = (...args: readonly (Pointer | number)[]) => Row;

const makers: RowMaker[] = [];

/** Constructors of the rows of all kernels that are loaded. */
export function rowMakers(): readonly RowMaker[] {
  return makers;
}

/** Letters of a kernel's signature; u is an i32, the parameter `unit`. */
export const TYPES: Readonly<Record<string, ParameterType>> = {
  o: 'Out',
  i: 'In',
  b: 'InOut',
  I: 'InAll',
  O: 'OutAll',
  f: 'Flag',
  s: 'Step',
  n: 'i32',
  u: 'i32',
  k: 'u32',
  r: 'real',
  d: 'f64',
};

/**
 * Makes the constructor of a kernel's rows. `signature`: a letter for each parameter. A bundle need not make those that
 * nobody calls.
 */
export function kernel(id: number, signature: string): RowMaker {
  let info: Kernel | undefined;
  const maker = (...given: readonly (Pointer | number)[]): Row => {
    info ??= kernelOf(id, signature);
    return { kernel: info, args: given.slice(0, info.types.length) };
  };
  makers.push(maker);
  return maker;
}

function kernelOf(id: number, signature: string): Kernel {
  const types = [...signature].map((letter) => TYPES[letter] as ParameterType);
  return { id, types, unit: signature.indexOf('u') };
}

/** repeat n … end: the rows between run `count` times, or as often as the i32 at `countAt` says, but at most `count` times. */
export const REPEAT = kernelOf(0, 'nIk');
export const END = kernelOf(1, 'I');

export function repeat(count: number, countAt: Pointer = NONE): Row {
  return { kernel: REPEAT, args: [count, countAt, 0] };
}

/** The end of a loop; where there is a number at `more` which is 0, no iteration follows. */
export function end(more: Pointer = NONE): Row {
  return { kernel: END, args: [more] };
}
