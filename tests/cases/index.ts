import type * as ops from '../../src/ops/index.ts';
import { activation } from './activation.ts';
import { binary } from './binary.ts';
import type { Case } from './case.ts';
import { convolutions } from './conv.ts';
import { gathering } from './gather.ts';
import { layout } from './layout.ts';
import { products } from './matmul.ts';
import { norms } from './norm.ts';
import { pools } from './pool.ts';
import { randoms } from './random.ts';
import { ranks } from './rank.ts';
import { reduction } from './reduce.ts';
import { resizes } from './resize.ts';
import { loops } from './scan.ts';
import { selection } from './select.ts';
import { softmaxes } from './softmax.ts';
import { unary } from './unary.ts';
import { updates } from './update.ts';
import { warps } from './warp.ts';

type Ops = typeof ops;

/** Exports of src/ops that are ops. */
export type OpName = {
  [K in keyof Ops]: Ops[K] extends { readonly emit: unknown } ? K : never;
}[keyof Ops];

/** Cases of every op; an op without cases is a type error. */
export const cases = {
  ...activation,
  ...binary,
  ...convolutions,
  ...gathering,
  ...layout,
  ...loops,
  ...norms,
  ...pools,
  ...products,
  ...randoms,
  ...ranks,
  ...reduction,
  ...resizes,
  ...selection,
  ...softmaxes,
  ...unary,
  ...updates,
  ...warps,
} satisfies Record<OpName, readonly Case[]>;

export const allCases = Object.entries(cases) as [OpName, readonly Case[]][];
