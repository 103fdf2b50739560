import { gemm } from '../plain/gemm.ts';
import { Perceptron } from '../plain/perceptron.ts';
import type { Contestant, GemmTask, Runner, TrainTask } from '../types.ts';

/** Tuned loops over typed arrays: what JavaScript can do without WebAssembly. */
export const plain: Contestant = {
  name: 'plain-js',
  variants: () => [{ build: 'js', threads: 1 }],
  open: { gemm: openGemm, train: openTrain },
};

function openGemm({ M, K, N, transposeA, transposeB, ...task }: GemmTask): Runner {
  const [a, b] = [Float64Array.from(task.a), Float64Array.from(task.b)];
  const c = new Float64Array(M * N);
  return {
    run(steps) {
      for (let step = 0; step < steps; step++) {
        c.fill(0);
        gemm(c, a, b, M, N, K, transposeA, transposeB);
      }
    },
    output: () => c,
  };
}

function openTrain(task: TrainTask): Runner {
  let network = new Perceptron(task);
  let losses = new Float64Array(0);
  return {
    run(steps) {
      if (losses.length !== steps) losses = new Float64Array(steps);
      for (let step = 0; step < steps; step++) losses[step] = network.step(step);
    },
    reset() {
      network.reset();
    },
    output: () => losses,
  };
}
