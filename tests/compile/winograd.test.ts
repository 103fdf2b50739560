import { expect, test } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { compile } from '../../src/compile/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import * as ops from '../../src/ops/index.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { BuildName, Target } from '../../src/runtime/engine.ts';
import { nameOf } from '../../src/runtime/kernelName.ts';
import { numbers } from '../support/threads.ts';

type Shape = readonly [H: number, W: number, C: number, N: number];

/** Kernels of a convolution, the gradient of its input and that of its filter. */
function kernelsOf(build: BuildName, [H, W, C, N]: Shape, taps = 3, stride = 1): string[] {
  const target: Target = { build, realBytes: build === 'f64' ? 8 : 4, MR: 6, NR: 8, threads: 2 };
  const options = { pads: [1, 1, 1, 1], strides: [stride, stride] } as const;
  const [x, w] = [ops.input('x', [2, H, W, C]), ops.input('w', [taps, taps, C, N])];
  const y = ops.conv2d(x, w, undefined, options);
  const dy = ops.input('dy', y.shape);
  const outputs = {
    y,
    dx: ops.conv2dInputGrad(dy, w, [H, W], options),
    dw: ops.conv2dFilterGrad(x, dy, [taps, taps], options),
  };
  return compile({ name: 'test', outputs }, target).rows.map((row) => nameOf(row.kernel));
}

const tiled = (names: string[]) =>
  names.filter((name) => /^winograd(Rows|FilterGrad)?$/.test(name));

test.each(['relaxed', 'turbo'] as const)(
  '%s: a convolution and both gradients by tiles',
  (build) => {
    expect(tiled(kernelsOf(build, [14, 14, 16, 32]))).toHaveLength(3);
  },
);

test.each([
  ['simd', [14, 14, 16, 32], 3, 1],
  ['f64', [14, 14, 16, 32], 3, 1],
  ['relaxed', [14, 14, 16, 32], 3, 2],
  ['relaxed', [14, 14, 16, 32], 4, 1],
  ['relaxed', [14, 14, 12, 12], 3, 1],
  ['relaxed', [14, 14, 18, 18], 3, 1],
  ['relaxed', [5, 5, 16, 32], 3, 1],
] as const)('%s, %j, %i taps, stride %i: by definition', (build, shape, taps, stride) => {
  expect(tiled(kernelsOf(build, shape, taps, stride))).toEqual([]);
});

test('an image has the bits that it has among others', async () => {
  using engine = await createEngine({ build: 'relaxed', kind: 'inline' });
  const shape = [19, 9, 10, 16] as const;
  const x = ops.tensor(numbers(19 * 9 * 10 * 16, 1), shape);
  const w = ops.tensor(numbers(9 * 16 * 20, 2), [3, 3, 16, 20]);
  const convolved = (images: Tensor) => ops.conv2d(images, w, undefined, { pads: [1, 1, 1, 1] });
  const last = ops.slice(x, [18, 0, 0, 0], [1, 9, 10, 16]);
  const outputs = [ops.slice(convolved(x), [18, 0, 0, 0], [1, 9, 10, 20]), convolved(last)];
  const [among, alone] = await evaluate(outputs, { engine });
  expect(alone?.data).toEqual(among?.data);
});
