import { createEngine, type EngineOptions } from '../src/runtime/create.ts';
import { encode } from '../src/runtime/encode.ts';
import type { BuildName, Engine } from '../src/runtime/engine.ts';
import { EngineError } from '../src/runtime/errors.ts';
import { kernels } from '../src/runtime/kernels.gen.ts';
import { address, type Row } from '../src/runtime/row.ts';
import type { WorkerFactory } from '../src/runtime/thread.ts';
import { type Runner, Unable, type Variant } from './types.ts';

type Kind = NonNullable<EngineOptions['kind']>;

/** Engines, one for each build and number of threads, that all cases share. */
export class Engines {
  readonly #kind: Kind;
  readonly #workerFactory: WorkerFactory | undefined;
  readonly #open = new Map<string, Promise<Engine>>();

  /** `kind`: of those that are not asked for as `inline`, default teams of threads. */
  constructor(kind: Kind = 'team', workerFactory?: WorkerFactory) {
    this.#kind = kind;
    this.#workerFactory = workerFactory;
  }

  get({ build, threads }: Variant, kind = this.#kind): Promise<Engine> {
    const key = `${build}/${threads}/${kind}`;
    let engine = this.#open.get(key);
    if (!engine) {
      const factory = this.#workerFactory;
      const options = { build: build as BuildName, threads, kind };
      engine = open({ ...options, ...(factory ? { workerFactory: factory } : {}) });
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

async function open(options: EngineOptions): Promise<Engine> {
  const engine = await createEngine(options);
  if (engine.info.build === options.build) return engine;
  engine.dispose();
  throw new EngineError(engine.info.reasons.join('; '));
}

const PEAK_ROUNDS = 50_000;

/** A loop whose speed is a limit of the machine, and its work a step: flops or bytes. */
export interface Probe extends Runner {
  readonly work: number;
}

/** The loop that shows the SIMD peak of one thread. */
export function openPeak(engine: Engine): Probe {
  const { realBytes } = engine.target;
  const out = engine.alloc(64, 'peak');
  const row = kernels.peak(address(out, realBytes), PEAK_ROUNDS);
  return openRow(engine, row, [out], PEAK_ROUNDS * 24 * (16 / realBytes), 1);
}

const COPY_UNIT = 4096;

/** Copies n elements by `memory.copy`, all threads sharing them. */
export function openCopy(engine: Engine, n: number): Probe {
  const bytes = n * engine.target.realBytes;
  const [to, from] = [engine.alloc(bytes, 'copy'), engine.alloc(bytes, 'copy')];
  engine.write(from, new Uint8Array(bytes).fill(1));
  const row = kernels.copy(address(to, bytes), address(from, bytes), n, COPY_UNIT);
  return openRow(engine, row, [to, from], 2 * bytes, engine.info.threads);
}

function openRow(
  engine: Engine,
  row: Row,
  blocks: readonly number[],
  work: number,
  threads: number,
): Probe {
  const bytes = encode([row], [false], (p) => p.offset, engine.target.realBytes);
  const first = engine.alloc(bytes.byteLength, 'probe');
  engine.write(first, bytes);
  const last = first + bytes.byteLength;
  return {
    work,
    run: (steps) => engine.run({ first, last, steps, threads }),
    dispose() {
      for (const at of [first, ...blocks]) engine.free(at);
    },
  };
}
