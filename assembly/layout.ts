import { LANES } from './simd';

/** Fixed places at the start of memory. Address 0 is never a tensor: the 64 bytes there stay zero. */
export const CONTROL: usize = 64;
export const SCRATCH: usize = 4096;
export const SCRATCH_BYTES: usize = 512;
export const MAX_THREADS: i32 = 64;
/** The frame of the calling thread when it runs a program itself, maybe beside a team. */
export const HOST_FRAME: usize = SCRATCH - SCRATCH_BYTES;
/** Coefficients of math.ts: vector constants inside a hot loop are loaded from here. */
export const CONSTANTS: usize = SCRATCH + <usize>MAX_THREADS * SCRATCH_BYTES;
/** In the wide build, where each thread has its half of a tile of which only a part is stored. */
const TILES: usize = CONSTANTS + 8192;
export const HEAP: usize = TILES + (WIDE ? <usize>MAX_THREADS * 256 : 0);

/**
 * Tile of the matrix product, MR × NR: what fits 16 vector registers (12 or 8 sums, 2 of B, 1 of A).
 * WIDE, set by the build: registers are of 256 bits, each two neighbouring vectors.
 */
export const MR: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
export const NR: i32 = (WIDE ? 4 : 2) * LANES;

export function frameOf(tid: i32): usize {
  return SCRATCH + <usize>tid * SCRATCH_BYTES;
}

/** Half a tile of the thread. */
export function tileOf(tid: i32): usize {
  return TILES + <usize>tid * 256;
}

export function heapStart(): usize {
  return HEAP;
}
export function tileRows(): i32 {
  return MR;
}
export function tileColumns(): i32 {
  return NR;
}
export function realBytes(): i32 {
  return <i32>sizeof<real>();
}
/** Index in `BUILDS` of src/runtime/engine.ts. */
export function build(): i32 {
  if (sizeof<real>() == 8) return 3;
  if (WIDE) return 2;
  return ASC_FEATURE_RELAXED_SIMD ? 1 : 0;
}
