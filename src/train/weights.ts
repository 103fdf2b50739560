import type { NDArray } from '../compile/array.ts';
import type { Variable } from '../graph/tensor.ts';
import { turn } from '../runtime/turns.ts';
import { readVariable } from './variables.ts';
import type { WeightState } from './weightState.ts';

/** A name for each variable: its own, with a number behind it where others have the same. */
export function uniqueNames(variables: readonly Variable[]): string[] {
  const taken = new Set<string>();
  return variables.map((v) => {
    const own = v.name.replace(/^\//, '');
    let name = own;
    for (let i = 2; taken.has(name); i++) name = `${own}#${i}`;
    taken.add(name);
    return name;
  });
}

/** Copies of variables with their names, in the middle of no step. To be called within `engine.exclusive`. */
export async function readVariables(
  state: WeightState,
  named: Iterable<readonly [string, Variable]>,
): Promise<[string, NDArray][]> {
  const found: [string, NDArray][] = [];
  for (const [name, variable] of named) {
    found.push([name, await readVariable(state.engine, variable)]);
    await turn();
  }
  state.checkHeld();
  return found;
}
