import type { Executable, Step } from '../../src/compile/executable.ts';
import type { Runner } from '../types.ts';

/** Calls of a program; step tables are kept for as many steps as were asked for last. */
export function caller(executable: Executable, step: (i: number) => Step): Runner['run'] {
  let table: Step[] = [];
  return (steps) => {
    if (table.length !== steps) table = Array.from({ length: steps }, (_, i) => step(i));
    return executable.run(table);
  };
}
