import type { NDArray } from '../compile/array.ts';
import { evaluate } from '../compile/evaluate.ts';
import type { DataLike } from '../data/table.ts';
import { formatShape, sameShape, sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Recorder } from '../nn/trace.ts';
import { relu } from '../ops/activation.ts';
import { mul } from '../ops/binary.ts';
import { gradients } from '../ops/gradient.ts';
import { reshape } from '../ops/layout.ts';
import { tensor } from '../ops/leaf.ts';
import { reduceMean } from '../ops/reduce.ts';
import { resizeLinear } from '../ops/resize.ts';
import { slice } from '../ops/slice.ts';
import { reduceSum } from '../ops/sum.ts';
import { abs } from '../ops/unary.ts';
import { checkOptions, OptionError, ShapeError } from '../runtime/errors.ts';
import { coreOf, type Model } from '../train/model.ts';
import { traceNetwork } from '../train/network.ts';

/** What a model sees in one image. */
export interface Look {
  /** The class whose score is explained, and the model's output. */
  readonly classIndex: number;
  readonly output: NDArray;
  /** Results of the layers that are images, [height, width, channels], by name in the order of their calls. */
  readonly activations: Readonly<Record<string, NDArray>>;
  /** max over the channels of |∂ score/∂ pixel|, [height, width] (Simonyan et al. 2013, arXiv:1312.6034). */
  readonly saliency: NDArray;
  /** Grad-CAM of the last layer that gives images, at the size of the input, [height, width] (Selvaraju et al. 2016, arXiv:1610.02391). */
  readonly gradCam: NDArray;
}

export interface LookOptions {
  /** Default: the class with the largest output. */
  readonly classIndex?: number;
}

export async function look(
  model: Model,
  image: DataLike,
  options: LookOptions = {},
): Promise<Look> {
  checkOptions('look', options, ['classIndex']);
  const { engine } = coreOf(model).state;
  const traced = traceImage(model, image);
  const { x, height, width, output, maps } = traced;
  const found = await evaluate(output, { engine });
  const classIndex = options.classIndex ?? largest(found.data);
  const classes = output.shape[1] as number;
  if (!Number.isInteger(classIndex) || classIndex < 0 || classIndex >= classes)
    throw new OptionError(`classIndex is ${classIndex}, expected 0 to ${classes - 1}`);
  const score = reduceSum(slice(scores(output), [0, classIndex], [1, 1]));
  const last = [...maps.values()].at(-1) as Tensor;
  const [dx, dLast] = gradients(score, [x, last]) as [Tensor, Tensor];
  const channels = reshape(abs(dx), [height, width, -1]);
  const heat = resizeLinear(camOf(last, dLast), [height, width]);
  const [slopes, gradCam, ...images] = (await evaluate(
    [channels, reshape(heat, [height, width]), ...maps.values()],
    { engine },
  )) as [NDArray, NDArray, ...NDArray[]];
  const activations = [...maps.keys()].map((name, i): [string, NDArray] => {
    const { data, shape } = images[i] as NDArray;
    return [name, { data, shape: shape.slice(1) }];
  });
  return {
    classIndex,
    output: found,
    activations: Object.fromEntries(activations),
    saliency: largestOfChannels(slopes),
    gradCam,
  };
}

/** relu(Σ_c mean(∂ score/∂ A_c)·A_c) of maps A [1, h, w, C] → [1, h, w, 1]. */
function camOf(maps: Tensor, slopes: Tensor): Tensor {
  const weights = reduceMean(slopes, { axes: [1, 2], keepDims: true });
  return relu(reduceSum(mul(maps, weights), { axes: -1, keepDims: true }));
}

/** What the last activation got: the output itself where it has more than one source. */
function scores(output: Tensor): Tensor {
  const [before, ...more] = output.inputs;
  return before && more.length === 0 && sameShape(before.shape, output.shape) ? before : output;
}

function traceImage(model: Model, image: DataLike) {
  const core = coreOf(model);
  const [given, ...rest] = core.inputTables(image);
  if (!given || rest.length || core.outputShapes.size !== 1)
    throw new OptionError(`model "${model.name}": expected one input and one output`);
  const { data, shape, scale, offset } = given;
  if (shape[0] !== 1 || shape.length < 3 || shape.length > 4)
    throw new ShapeError(
      `image ${formatShape(shape)}, expected [1, height, width] or with channels`,
    );
  const x = tensor(
    Float64Array.from(data, (v) => v * scale + offset),
    shape,
  );
  const maps = new Map<string, Tensor>();
  const recorder: Recorder = (callee, _, call) => {
    const result = call();
    const { label } = callee as Partial<Layer>;
    if (label && result.shape.length === 4 && sizeOf(result.shape.slice(1, 3)) > 1)
      maps.set(label, result);
    return result;
  };
  const { outputs } = traceNetwork(core.network, { [given.name]: x }, false, recorder);
  const output = Object.values(outputs)[0] as Tensor;
  if (maps.size === 0 || output.shape.length !== 2)
    throw new OptionError(
      `model "${model.name}": expected layers that give images, and an output [batch, classes]`,
    );
  return { x, height: shape[1] as number, width: shape[2] as number, output, maps };
}

function largest(data: ArrayLike<number>): number {
  return Array.from(data).reduce((best, v, i, all) => (v > (all[best] as number) ? i : best), 0);
}

function largestOfChannels({ data, shape }: NDArray): NDArray {
  const [height, width, channels] = shape as [number, number, number];
  const most = Float32Array.from({ length: height * width }, (_, i) =>
    Math.max(...data.subarray(i * channels, (i + 1) * channels)),
  );
  return { data: most, shape: [height, width] };
}
