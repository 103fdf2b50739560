import { storing } from '../compile/array.ts';
import { Block } from '../compile/block.ts';
import type { Table } from '../data/table.ts';
import { hash } from '../graph/scope.ts';
import type { Shape } from '../graph/shape.ts';
import {
  bytesOf,
  type DType,
  type Tensor,
  type Variable,
  Variable as VariableClass,
} from '../graph/tensor.ts';
import { batch } from '../ops/gather.ts';
import { external, input, read } from '../ops/leaf.ts';
import { randomPermutation } from '../ops/random.ts';
import type { Engine } from '../runtime/engine.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import { allocate } from './slabs.ts';

/** Where one input or target of a program comes from. */
export interface Feed {
  readonly name: string;
  /** Shape of one example. */
  readonly row: Shape;
  readonly dtype: DType;
  /** A table in the engine's memory from which batches are gathered; without it the host writes each batch. */
  readonly resident?: Resident;
}

interface Resident {
  readonly table: Tensor;
  readonly order: Variable | null;
  readonly scale: number;
  readonly offset: number;
}

/** The tensor that a feed gives to a program with batches of `size`. */
export function feedTensor({ name, row, dtype, resident }: Feed, size: number): Tensor {
  if (!resident) return input(name, [size, ...row], dtype === 'u8' ? 'real' : dtype);
  if (wholeTable(resident, size)) return resident.table;
  const order = resident.order ? read(resident.order) : null;
  return batch(resident.table, order, size, resident.scale, resident.offset);
}

/** Whether every batch is the whole table as it stands. */
function wholeTable({ table, order, scale, offset }: Resident, size: number): boolean {
  const asIs = table.dtype !== 'u8' && scale === 1 && offset === 0;
  return order === null && asIs && table.shape[0] === size;
}

/** A feed without data, as the host fills it. */
export function hostFeed(table: Table): Feed {
  return { name: table.name, row: table.shape.slice(1), dtype: table.dtype };
}

/** Tables in the engine's memory, with the order in which an epoch goes through them. */
export class ResidentData {
  readonly feeds: readonly Feed[];
  readonly examples: number;
  readonly order: Variable | null;
  readonly id: number;
  readonly #blocks: Block[] = [];
  static #next = 0;

  /** Writes the tables to the engine's memory, in turns with the host's events. */
  static async open(
    engine: Engine,
    tables: readonly Table[],
    shuffle: boolean,
  ): Promise<ResidentData> {
    const data = new ResidentData(engine, tables, shuffle);
    try {
      await inTurns(data.#upload(engine, tables));
      return data;
    } catch (error) {
      data.free();
      throw error;
    }
  }

  private constructor(engine: Engine, tables: readonly Table[], shuffle: boolean) {
    this.id = ResidentData.#next++;
    this.examples = tables[0]?.shape[0] ?? 0;
    this.order = shuffle ? this.#makeOrder(engine) : null;
    this.feeds = tables.map((t) => this.#feed(engine, t));
  }

  #makeOrder(engine: Engine): Variable {
    const stream = hash('shuffle');
    const order = new VariableClass(
      'order',
      [this.examples],
      () => randomPermutation(this.examples, stream),
      {
        dtype: 'i32',
        trainable: false,
      },
    );
    this.#blocks.push(allocate(engine, 'order of the epoch', [order]));
    return order;
  }

  *#upload(engine: Engine, tables: readonly Table[]): Work<void> {
    for (const [i, { data, dtype }] of tables.entries()) {
      const { table } = (this.feeds[i] as Feed).resident as Resident;
      yield* storing(engine, (table.attrs.buffer as Block).at, data, dtype);
    }
  }

  #feed(engine: Engine, t: Table): Feed {
    const bytes = Math.max(bytesOf(t, engine.target.realBytes), 64);
    const block = new Block(engine, `data "${t.name}"`, bytes);
    this.#blocks.push(block);
    const resident = {
      table: external(block, t.shape, t.dtype),
      order: this.order,
      scale: t.scale,
      offset: t.offset,
    };
    return { name: t.name, row: t.shape.slice(1), dtype: t.dtype, resident };
  }

  free(): void {
    for (const block of this.#blocks) block.free();
  }
}
