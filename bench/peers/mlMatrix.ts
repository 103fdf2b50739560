import { type Contestant, type GemmTask, type Runner, Unable } from '../types.ts';
import { load } from './load.ts';
import { repeat } from './repeat.ts';

interface Matrix {
  mmul(other: Matrix): Matrix;
  transpose(): Matrix;
  to1DArray(): number[];
}

/** ml-matrix: matrices as arrays of rows, numbers of f64; transposes are copies. */
export const mlMatrix: Contestant = {
  name: 'ml-matrix',
  kinds: ['gemm'],
  variants: () => [{ build: 'js', threads: 1 }],
  open: { gemm: openGemm },
};

function openGemm({ count, M, K, N, transposeA, transposeB, ...task }: GemmTask): Runner {
  if (count) throw new Unable('has no batches of products');
  const { Matrix } = load<{
    Matrix: { from1DArray(rows: number, columns: number, data: ArrayLike<number>): Matrix };
  }>('ml-matrix');
  const a = transposeA ? Matrix.from1DArray(K, M, task.a) : Matrix.from1DArray(M, K, task.a);
  const b = transposeB ? Matrix.from1DArray(N, K, task.b) : Matrix.from1DArray(K, N, task.b);
  return repeat({
    step: () => (transposeA ? a.transpose() : a).mmul(transposeB ? b.transpose() : b),
    read: (c) => c.to1DArray(),
  });
}
