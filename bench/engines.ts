import { createEngine } from '../src/runtime/create.ts';
import { encode } from '../src/runtime/encode.ts';
import type { BuildName, Engine } from '../src/runtime/engine.ts';
import { EngineError } from '../src/runtime/errors.ts';
import { kernels } from '../src/runtime/kernels.gen.ts';
import { address } from '../src/runtime/row.ts';
import { type Runner, Unable, type Variant } from './types.ts';

/** Teams of threads, one for each build and number of threads, that all cases share. */
export class Engines {
  readonly #open = new Map<string, Promise<Engine>>();

  get({ build, threads }: Variant): Promise<Engine> {
    const key = `${build}/${threads}`;
    let engine = this.#open.get(key);
    if (!engine) {
      engine = createEngine({ build: build as BuildName, threads, kind: 'team' });
      this.#open.set(key, engine);
    }
    return engine.catch((error: unknown) => {
      throw error instanceof EngineError ? new Unable(error.message) : error;
    });
  }

  async dispose(): Promise<void> {
    for (const engine of await Promise.allSettled(this.#open.values())) {
      if (engine.status === 'fulfilled') engine.value.dispose();
    }
    this.#open.clear();
  }
}

const PEAK_ROUNDS = 50_000;

/** The loop that shows the SIMD peak of one thread, and its flops a step. */
export function openPeak(engine: Engine): Runner & { readonly flops: number } {
  const { realBytes } = engine.target;
  const out = engine.alloc(64, 'peak');
  const row = kernels.peak(address(out, realBytes), PEAK_ROUNDS);
  const bytes = encode([row], [false], (p) => p.offset, realBytes);
  const first = engine.alloc(bytes.byteLength, 'peak');
  engine.write(first, bytes);
  const last = first + bytes.byteLength;
  return {
    flops: PEAK_ROUNDS * 24 * (16 / realBytes),
    run: (steps) => engine.run({ first, last, steps, threads: 1 }),
    output: () => [],
    dispose() {
      engine.free(first);
      engine.free(out);
    },
  };
}
