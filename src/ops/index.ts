/** All ops: the functions that users call, and the registry that compiler, tests and bench walk through. */
export * from './activation.ts';
export {
  add,
  affine,
  div,
  equal,
  greater,
  greaterEqual,
  less,
  lessEqual,
  maximum,
  minimum,
  mul,
  neg,
  notEqual,
  sub,
} from './binary.ts';
export * from './conv.ts';
export { type ConvolveOptions, convolve, convolveTransposed } from './convolve.ts';
export type { LinearActivation } from './fused.ts';
export * from './gather.ts';
export { type LayerNormOptions, layerNorm } from './layerNorm.ts';
export { flattenRows, reshape, squeeze, transpose, unsqueeze } from './layout.ts';
export { external, input, type Nested, read, scalar, tensor } from './leaf.ts';
export { linear } from './linear.ts';
export * from './magnitude.ts';
export { type MatMulOptions, matMul } from './matmul.ts';
export * from './moments.ts';
export {
  type BatchNormOptions,
  batchNorm,
  columnMoments,
  groupMoments,
  scaleShift,
} from './norm.ts';
export {
  adaptiveAveragePool,
  adaptiveMaxPool,
  averagePool,
  maxPool,
  type PoolOptions,
  repeatElements,
} from './pool.ts';
export * from './pow.ts';
export * from './random.ts';
export * from './rank.ts';
export * from './reduce.ts';
export { resizeLinear } from './resize.ts';
export { type Iteration, type ScanOptions, scan, type Tree } from './scan.ts';
export * from './select.ts';
export * from './slice.ts';
export * from './softmax.ts';
export { expand, type ReduceOptions, reduceSum, sumTo } from './sum.ts';
export {
  abs,
  addAll,
  ceil,
  clip,
  clipGrad,
  cos,
  erf,
  exp,
  expm1,
  floor,
  isFinite,
  log,
  log1p,
  not,
  powScalar,
  reciprocal,
  round,
  rsqrt,
  sign,
  sin,
  sqrt,
  square,
} from './unary.ts';
export * from './update.ts';
export { boxMask, type FillMode, type WarpAttrs, warp } from './warp.ts';
