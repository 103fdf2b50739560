import { storing } from '../compile/array.ts';
import { Block } from '../compile/block.ts';
import {
  bytesOf,
  paddedBytes,
  panelOf,
  type Variable,
  type VariableStorage,
} from '../graph/tensor.ts';
import type { Engine } from '../runtime/engine.ts';
import { atOnce, type Work } from '../runtime/turns.ts';

/** A slab: variables one behind the other, each on cache lines of its own. */
export function allocate(engine: Engine, name: string, variables: readonly Variable[]): Block {
  const { realBytes, NR } = engine.target;
  const bytes = variables.reduce((sum, v) => sum + paddedBytes(v, realBytes), 0);
  const block = new Block(engine, name, Math.max(bytes, 64));
  let offset = 0;
  for (const variable of variables) {
    variable.storage = {
      buffer: block,
      offset,
      panel: panelOf(variable, NR),
      generation: engine.generation,
    };
    offset += paddedBytes(variable, realBytes);
  }
  return block;
}

/** Zeros behind the numbers of a variable, so that its cache lines hold nothing else. */
export function clearPadding(engine: Engine, variable: Variable): void {
  const { buffer, offset } = variable.storage as VariableStorage;
  const { realBytes } = engine.target;
  const [used, whole] = [bytesOf(variable, realBytes), paddedBytes(variable, realBytes)];
  if (used < whole)
    engine.write((buffer as Block).at + offset + used, new Uint8Array(whole - used));
}

/** Variables that lie in memory, as they lie there. */
export function inMemoryOrder(variables: readonly Variable[]): Variable[] {
  const blocks = new Map(variables.map((v, i) => [v.storage?.buffer, i]));
  const place = (v: Variable) => blocks.get(v.storage?.buffer) as number;
  const offset = (v: Variable) => v.storage?.offset ?? 0;
  return [...variables].sort((a, b) => place(a) - place(b) || offset(a) - offset(b));
}

/** Part of a block. */
export interface Stretch {
  readonly block: Block;
  readonly offset: number;
  bytes: number;
}

/** Where variables lie, in as few pieces as can be: their blocks may hold others' too. */
export function stretches(variables: readonly Variable[]): Stretch[] {
  const found: Stretch[] = [];
  for (const v of inMemoryOrder(variables)) {
    const { buffer, offset } = v.storage as VariableStorage;
    const block = buffer as Block;
    const bytes = paddedBytes(v, block.engine.target.realBytes);
    const last = found.at(-1);
    if (last?.block === block && last.offset + last.bytes === offset) last.bytes += bytes;
    else found.push({ block, offset, bytes });
  }
  return found;
}

/** Weights of one kind (`kernel`, `bias`) one behind the other: a group of them is updated in one pass. */
export function byKind(variables: readonly Variable[]): Variable[] {
  const kind = (v: Variable) => v.name.slice(v.name.lastIndexOf('/') + 1);
  const kinds = [...new Set(variables.map(kind))];
  return kinds.flatMap((k) => variables.filter((v) => kind(v) === k));
}

export function writeVariable(engine: Engine, variable: Variable, data: ArrayLike<number>): void {
  atOnce(writingVariable(engine, variable, data));
}

/** The same in pieces. */
export function* writingVariable(
  engine: Engine,
  variable: Variable,
  data: ArrayLike<number>,
): Work<void> {
  const { buffer, offset, panel } = variable.storage as VariableStorage;
  const stored = panel ? yield* toPanels(data, variable, panel) : data;
  yield* storing(engine, (buffer as Block).at + offset, stored, variable.dtype);
}

/** Rows of panels between which others may have their turn. */
const ROWS = 4096;

/** Calls `pair` with the place of each element row by row and in panels. */
export function* eachPlace(
  { size, shape }: Variable,
  panel: number,
  pair: (r: number, p: number) => void,
): Work<void> {
  const N = shape.at(-1) as number;
  const rows = size / N;
  let p = 0;
  for (let first = 0; first < N; first += panel) {
    for (let row = 0; row < rows; row++) {
      for (let n = 0; n < panel; n++) pair(row * N + first + n, p++);
      if (row % ROWS === 0) yield;
    }
  }
}

function* toPanels(data: ArrayLike<number>, v: Variable, panel: number): Work<Float64Array> {
  const panels = new Float64Array(v.size);
  yield* eachPlace(v, panel, (r, p) => {
    panels[p] = data[r] as number;
  });
  return panels;
}
