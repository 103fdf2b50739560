import type { Executable, Step } from '../../src/compile/executable.ts';
import type { Runner } from '../types.ts';

/** Calls of a program; step tables are kept for each number of steps that was asked for. */
export function caller(executable: Executable, step: (i: number) => Step): Runner['run'] {
  const tables = new Map<number, readonly Step[]>();
  return (steps) => {
    const table = tables.get(steps) ?? Array.from({ length: steps }, (_, i) => step(i));
    tables.set(steps, table);
    return executable.run(table);
  };
}
