import type { BuildName } from './engine.ts';
import { EngineError } from './errors.ts';
import { blocked } from './wasm.ts';

export interface Features {
  readonly simd: boolean;
  readonly relaxed: boolean;
  /** Relaxed multiply-add rounds once. */
  readonly fused: boolean;
}

// (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
];
// (func (export "m") (param f32 f32 f32) (result f32)): lane 0 of f32x4.relaxed_madd of the three, splat
const MADD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 125, 125, 125, 1, 125, 3, 2, 1, 0, 7, 5, 1, 1, 109,
  0, 0, 10, 22, 1, 20, 0, 32, 0, 253, 19, 32, 1, 253, 19, 32, 2, 253, 19, 253, 133, 2, 253, 31, 0,
  11,
];

let probed: Features | undefined;

export function features(): Features {
  if (probed) return probed;
  const simd = WebAssembly.validate(Uint8Array.from(SIMD));
  const relaxed = simd && WebAssembly.validate(Uint8Array.from(MADD));
  probed = { simd, relaxed, fused: relaxed && fuses() };
  return probed;
}

/** x·x − (1 + 2^-11) for x = 1 + 2^-12 is 2^-24, which is lost when the product is rounded first. */
function fuses(): boolean {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(MADD)));
    const madd = exports.m as (a: number, b: number, c: number) => number;
    return madd(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24;
  } catch (cause) {
    throw blocked(cause);
  }
}

export interface BuildChoice {
  readonly build?: BuildName | undefined;
  readonly reproducible?: boolean | undefined;
}

/** The build asked for, or the fastest that works here. Throws `EngineError` where none does. */
export function chooseBuild({ build, reproducible }: BuildChoice): {
  build: BuildName;
  reasons: string[];
} {
  const { simd, relaxed, fused } = features();
  if (!simd) throw new EngineError('WebAssembly SIMD is missing here');
  if (build === 'relaxed' && !relaxed)
    throw new EngineError('relaxed build: WebAssembly relaxed SIMD is missing here');
  if (build) return { build, reasons: [] };
  if (reproducible)
    return {
      build: 'simd',
      reasons: ['no fused multiply-add: `reproducible` asks for the same bits everywhere'],
    };
  if (!relaxed)
    return { build: 'simd', reasons: ['no fused multiply-add: relaxed SIMD is missing here'] };
  if (!fused)
    return { build: 'simd', reasons: ['no fused multiply-add: relaxed SIMD does not fuse here'] };
  return { build: 'relaxed', reasons: [] };
}
