import { gemm, rowMajor, transposed } from '../plain/gemm.ts';
import { openElementwise, openReduce } from '../plain/operations.ts';
import { Perceptron } from '../plain/perceptron.ts';
import type { Contestant, GemmTask, InferTask, Runner, TrainTask } from '../types.ts';

/** Tuned loops over typed arrays: what JavaScript can do without WebAssembly. */
export const plain: Contestant = {
  name: 'plain-js',
  kinds: ['gemm', 'elementwise', 'reduce', 'vectorise', 'train', 'infer'],
  reference: true,
  variants: () => [{ build: 'js', threads: 1 }],
  open: {
    gemm: openGemm,
    elementwise: openElementwise,
    reduce: openReduce,
    vectorise: openTrain,
    train: openTrain,
    infer: openInfer,
  },
};

function openGemm({ count = 1, M, K, N, transposeA, transposeB, ...task }: GemmTask): Runner {
  const operand = (data: Float32Array, columns: number, rows: number, flipped: boolean) => {
    const values = Float64Array.from(data);
    return flipped ? transposed(rowMajor(values, rows)) : rowMajor(values, columns);
  };
  const c = new Float64Array(count * M * N);
  const products = Array.from({ length: count }, (_, i) => ({
    a: operand(task.a.subarray(i * M * K, (i + 1) * M * K), K, M, transposeA),
    b: operand(task.b.subarray(i * K * N, (i + 1) * K * N), N, K, transposeB),
    c: c.subarray(i * M * N, (i + 1) * M * N),
  }));
  return {
    run(steps) {
      for (let step = 0; step < steps; step++)
        for (const p of products) gemm(p.c, p.a, p.b, M, N, K, false);
    },
    output: () => c,
  };
}

function openTrain(task: TrainTask): Runner {
  return trainRunner(new Perceptron(task));
}

/** Steps of training, whose losses are compared. */
export function trainRunner(network: { step(index: number): number; reset(): void }): Runner {
  let losses = new Float64Array(0);
  return {
    run(steps) {
      if (losses.length !== steps) losses = new Float64Array(steps);
      for (let step = 0; step < steps; step++) losses[step] = network.step(step);
    },
    reset: () => network.reset(),
    output: () => losses,
  };
}

function openInfer(task: InferTask): Runner {
  const training = { batches: 1, optimizer: 'sgd', rate: 0, y: new Float32Array(0) } as const;
  const network = new Perceptron({ ...task, ...training });
  let y = new Float32Array(0);
  return {
    run(steps) {
      for (let step = 0; step < steps; step++) y = Float32Array.from(network.predict(task.x));
    },
    output: () => y,
  };
}
