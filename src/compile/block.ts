import type { Engine } from '../runtime/engine.ts';
import { DisposedError, StateError } from '../runtime/errors.ts';
import type { Buffer } from '../runtime/row.ts';

/** Memory of an engine that programs refer to by name: variables, data sets. */
export class Block implements Buffer {
  readonly name: string;
  readonly bytes: number;
  readonly engine: Engine;
  #at: number | null;

  constructor(engine: Engine, name: string, bytes: number) {
    this.engine = engine;
    this.name = name;
    this.bytes = bytes;
    this.#at = engine.alloc(bytes, name);
  }

  get at(): number {
    if (this.#at === null) throw new StateError(`the memory of ${this.name} was freed`);
    return this.#at;
  }

  /** Gives the memory back; an engine that is gone has nothing to take. */
  free(): void {
    const at = this.#at;
    this.#at = null;
    try {
      if (at !== null) this.engine.free(at);
    } catch (error) {
      if (!(error instanceof DisposedError)) throw error;
    }
  }
}
