import { firstDifference } from './agree.ts';
import { builtin } from './environment.ts';
import { EngineError } from './errors.ts';
import { kernels } from './kernels.gen.ts';
import { NONE } from './row.ts';
import { Trial } from './trial.ts';

/** TurboFan joins neighbouring vectors of 128 bits to 256. */
const JOIN = '--experimental-wasm-revectorize';
/** TurboFan compiles all functions before the module is there. */
const AT_ONCE = ['--no-liftoff', '--no-wasm-lazy-compilation'];

/** Times the peak of 128-bit vectors: products in them reach 1 at most, in joined ones about 1.7. */
const LEAST_SPEED = 1.2;
const SAMPLES = 30;
const MOST_SAMPLES = 1000;
const [ROWS, COLS, K] = [24, 256, 96] as const;
/** Of 96 operations. */
const PEAK_ROUNDS = 10_000;

/**
 * The turbo build compiled for 256-bit vectors. Throws `EngineError` where V8 does not join vectors, or where a kernel
 * gives other bits than in `relaxed`, the build of that name. Blocks the thread for about 0.2 s.
 */
export function compileTurbo(
  bytes: BufferSource,
  relaxed: WebAssembly.Module,
  shared: boolean,
): WebAssembly.Module {
  const module = compileJoined(bytes);
  const trial = new Trial(module, shared);
  const speed = speedOf(trial);
  if (speed < LEAST_SPEED) {
    const found = `a product runs at ${speed.toFixed(2)} × the peak of 128-bit vectors`;
    throw new EngineError(`V8 does not join vectors to 256 bits here: ${found}`);
  }
  const different = firstDifference(trial, new Trial(relaxed, shared));
  if (different) throw new EngineError(`kernel ${different}: other bits than in the relaxed build`);
  return module;
}

/** Flags belong to the whole process: they are set while the module is compiled, and those of the command line stay. */
function compileJoined(bytes: BufferSource): WebAssembly.Module {
  const v8 = builtin('node:v8');
  if (!v8) throw new EngineError('flags of V8 can be set in Node only');
  const given = globalThis.process.execArgv.map((flag) => flag.replaceAll('_', '-'));
  const flags = [JOIN, ...AT_ONCE].filter((flag) => !given.includes(flag));
  for (const flag of flags) v8.setFlagsFromString(flag);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    for (const flag of flags) v8.setFlagsFromString(opposite(flag));
  }
}

function opposite(flag: string): string {
  return flag.startsWith('--no-') ? flag.replace('--no-', '--') : flag.replace('--', '--no-');
}

/** FLOP/s of a product divided by those of 128-bit multiply-adds in registers; sampled longer where it looks slow. */
function speedOf(t: Trial): number {
  const c = t.output(0);
  const [a, b] = t.temporary;
  const product = t.program([
    kernels.gemm(c, a, b, NONE, NONE, ROWS, t.MR, COLS, K, 1, t.MR, COLS, 0, 0),
  ]);
  const peak = t.program([kernels.peak(c, PEAK_ROUNDS)]);
  let [productTime, peakTime] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const speed = () => (2 * ROWS * COLS * K * peakTime) / (96 * PEAK_ROUNDS * productTime);
  for (let i = 0; i < SAMPLES || (i < MOST_SAMPLES && speed() < LEAST_SPEED); i++) {
    productTime = Math.min(productTime, timeOf(product));
    peakTime = Math.min(peakTime, timeOf(peak));
  }
  return speed();
}

function timeOf(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
