import { generator, uniform } from '../numbers.ts';
import type { Case, Suite } from '../types.ts';

const SHAPES = [
  ...[64, 128, 256, 512, 1024, 2048].map((n) => `${n}x${n}x${n}`),
  '64x784x128',
  '128x784x512',
  '1x784x512',
  '256x1024x1024',
  'tA.784x64x128',
  'tB.64x128x784',
  'tA.512x512x512',
  'tB.512x512x512',
];

/** Products of attention, one for each head of each example: scores, weighted values, a gradient. */
const BATCHED = [
  'batched.256x64x32x64',
  'batched.32x64x32x64',
  'batched.32x256x32x256',
  'batched.tB.32x64x32x64',
  'batched.32x64x64x32',
  'batched.tA.32x64x64x32',
];

/**
 * `shape`: M×K×N as "64x784x128"; "batched." in front: a batch, whose number of products is the first of the sizes; "tA."
 * or "tB.": that operand is stored transposed.
 */
export function gemmCase(shape: string): Case<'gemm'> {
  const forms = shape.split('.');
  const [N = 1, K = 1, M = 1, count = 1] = (forms.pop() as string).split('x').map(Number).reverse();
  const [transposeA, transposeB] = ['tA', 'tB'].map((f) => forms.includes(f)) as [boolean, boolean];
  const batch = forms.includes('batched') ? { count } : {};
  const task = () => {
    const random = generator(1);
    const [a, b] = [uniform(count * M * K, 1, random), uniform(count * K * N, 1, random)];
    return { ...batch, M, K, N, transposeA, transposeB, a, b };
  };
  const check = { steps: 1, tolerance: 2e-5 };
  return { name: `gemm/${shape}`, kind: 'gemm', task, flops: 2 * count * M * K * N, check };
}

export const gemm: Suite = { name: 'gemm', cases: [...SHAPES, ...BATCHED].map(gemmCase) };
