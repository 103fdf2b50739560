import type { Variable } from '../graph/tensor.ts';
import type { Engine } from '../runtime/engine.ts';
import { DisposedError, StateError } from '../runtime/errors.ts';
import type { Buffer } from '../runtime/row.ts';

/** Throws unless the variable lies in living memory of the engine. `where`: what is to use it. */
export function checkUsable({ name, storage }: Variable, engine: Engine, where: string): void {
  const block = storage?.buffer as Block;
  const title = `${where}: layer weight "${name}"`;
  if (block.freed)
    throw new DisposedError(`${title} is gone: the memory of ${block.name} was freed`);
  if (block.engine !== engine)
    throw new StateError(
      `${title} lies on the engine of "${block.name}" (${describe(block.engine)}), not on this one (${describe(engine)}): give both models the same \`engine\``,
    );
}

function describe({ info: { build, kind, threads } }: Engine): string {
  return `${build}, ${kind}, ${threads} thread${threads > 1 ? 's' : ''}`;
}

interface Place {
  readonly engine: Engine;
  readonly at: number;
}

/** Behind the running job, which may still write there; an engine that is gone has nothing to take. */
const unreachable = new FinalizationRegistry<Place>(({ engine, at }) => {
  engine.exclusive(async () => engine.free(at)).catch(() => {});
});

/**
 * Memory of an engine that programs refer to by name: variables, data sets. It belongs to all that hold it, first of all to
 * its maker, and is given back by the last of them.
 */
export class Block implements Buffer {
  readonly name: string;
  readonly bytes: number;
  readonly engine: Engine;
  #at: number | null;
  #holders = 1;

  constructor(engine: Engine, name: string, bytes: number) {
    this.engine = engine;
    this.name = name;
    this.bytes = bytes;
    this.#at = engine.alloc(bytes, name);
  }

  get at(): number {
    this.check();
    return this.#at as number;
  }

  /** Throws when it was freed. */
  check(): void {
    if (this.#at === null) throw new DisposedError(`the memory of ${this.name} was freed`);
  }

  get freed(): boolean {
    return this.#at === null;
  }

  /** One holder more; each calls `free` or `leave` once. */
  hold(): void {
    this.check();
    if (this.#holders++ === 0) unreachable.unregister(this);
  }

  /** One holder less; the last gives the memory back. */
  free(): void {
    const at = this.#at;
    if (at === null || --this.#holders > 0) return;
    this.#at = null;
    try {
      this.engine.free(at);
    } catch (error) {
      if (!(error instanceof DisposedError)) throw error;
    }
  }

  /** One holder less, which was collected: where it was the last, the memory stays for as long as a variable lies in it. */
  leave(): void {
    if (this.#at === null || --this.#holders > 0) return;
    unreachable.register(this, { engine: this.engine, at: this.#at }, this);
  }
}
