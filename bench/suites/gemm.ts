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

/** `shape`: M×K×N as "64x784x128"; "tA." or "tB." in front: that operand is stored transposed. */
export function gemmCase(shape: string): Case<'gemm'> {
  const [sizes, form] = shape.split('.').reverse();
  const [M, K, N] = (sizes as string).split('x').map(Number) as [number, number, number];
  const task = () => {
    const random = generator(1);
    const [a, b] = [uniform(M * K, 1, random), uniform(K * N, 1, random)];
    return { M, K, N, transposeA: form === 'tA', transposeB: form === 'tB', a, b };
  };
  const check = { steps: 1, tolerance: 2e-5 };
  return { name: `gemm/${shape}`, kind: 'gemm', task, flops: 2 * M * K * N, check };
}

export const gemm: Suite = { name: 'gemm', cases: SHAPES.map(gemmCase) };
