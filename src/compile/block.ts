import type { Engine } from '../runtime/engine.ts';
import { StateError } from '../runtime/errors.ts';
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

  free(): void {
    if (this.#at !== null) this.engine.free(this.#at);
    this.#at = null;
  }
}
