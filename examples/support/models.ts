/** Well-known convolutional networks at small sizes, as functions that make them. */
import {
  activation,
  averagePooling2D,
  batchNormalization,
  conv2D,
  dense,
  depthwiseConv2D,
  dropout,
  flatten,
  globalAveragePooling2D,
  layers,
  type Model,
  type ModelOptions,
  maxPooling2D,
  model,
  sequential,
} from '../../src/index.ts';

export interface NetworkOptions extends ModelOptions {
  /** Shape of one image: height, width, channels. */
  readonly inputShape?: readonly [number, number, number];
  /** Default 10. */
  readonly classes?: number;
}

type Tensor = Parameters<Model['call']>[0];
type Block = (x: Tensor) => Tensor;

const CIFAR = [32, 32, 3] as const;

/** Two convolutions 5×5 with average pooling and three dense layers, with relu (LeCun et al. 1998). */
export function lenet5({
  inputShape = [28, 28, 1],
  classes = 10,
  ...options
}: NetworkOptions = {}): Model {
  const relu = { activation: 'relu' };
  return sequential(
    [
      conv2D(6, 5, { padding: 'same', ...relu }),
      averagePooling2D(),
      conv2D(16, 5, relu),
      averagePooling2D(),
      flatten(),
      dense(120, relu),
      dense(84, relu),
      dense(classes, { activation: 'softmax' }),
    ],
    { name: 'lenet5', inputShape, ...options },
  );
}

/** Pairs of convolutions 3×3, each halved by max pooling (Simonyan and Zisserman 2014, arXiv:1409.1556). */
export function vgg({
  inputShape = CIFAR,
  classes = 10,
  filters = [32, 64, 128],
  ...options
}: NetworkOptions & { readonly filters?: readonly number[] } = {}): Model {
  const conv = (n: number) =>
    conv2D(n, 3, { padding: 'same', activation: 'relu', kernelInitializer: 'heUniform' });
  return sequential(
    [
      ...filters.flatMap((n) => [conv(n), conv(n), maxPooling2D()]),
      flatten(),
      dense(128, { activation: 'relu' }),
      dropout(0.5),
      dense(classes, { activation: 'softmax' }),
    ],
    { name: 'vgg', inputShape, ...options },
  );
}

/** Convolution without bias, batch normalisation, and relu unless it is linear. */
function normalized(
  filters: number,
  size: number,
  { strides = 1, act = 'relu' }: { strides?: number; act?: string } = {},
): Block {
  const options = { padding: 'same', useBias: false, kernelInitializer: 'heUniform' } as const;
  const [conv, norm] = [conv2D(filters, size, { ...options, strides }), batchNormalization()];
  const last = activation(act);
  return (x) => last(norm(conv(x)));
}

/** relu(x + f(x)): f two convolutions; x goes through a convolution 1×1 where its shape changes. */
function residual(filters: number, strides: number, changes: boolean): Block {
  const first = normalized(filters, 3, { strides });
  const second = normalized(filters, 3, { act: 'linear' });
  const short = changes ? normalized(filters, 1, { strides, act: 'linear' }) : (x: Tensor) => x;
  const [add, relu] = [layers.add(), activation('relu')];
  return (x) => relu(add(second(first(x)), short(x)));
}

/** A residual network for small images, 6·blocks + 2 layers deep (He et al. 2015, arXiv:1512.03385, section 4.2). */
export function resnet({
  inputShape = CIFAR,
  classes = 10,
  blocks = 1,
  width = 16,
  ...options
}: NetworkOptions & { readonly blocks?: number; readonly width?: number } = {}): Model {
  const start = normalized(width, 3);
  const parts = [1, 2, 4].flatMap((factor, stage) =>
    Array.from({ length: blocks }, (_, i) => {
      const changes = i === 0 && stage > 0;
      return residual(width * factor, changes ? 2 : 1, changes);
    }),
  );
  const pool = globalAveragePooling2D();
  const head = dense(classes, { activation: 'softmax' });
  return model({
    name: 'resnet',
    ...options,
    inputs: { image: [...inputShape] },
    outputs: ({ image }) => head(pool(parts.reduce((x, part) => part(x), start(image as Tensor)))),
  });
}

/** x widened, filtered channel by channel, narrowed; added to x where the shapes agree. */
function invertedResidual(inputs: number, filters: number, factor: number, strides: number): Block {
  const widen = factor === 1 ? (x: Tensor) => x : normalized(inputs * factor, 1, { act: 'relu6' });
  const filter = depthwiseConv2D(3, { padding: 'same', strides, useBias: false });
  const [norm, relu6] = [batchNormalization(), activation('relu6')];
  const narrow = normalized(filters, 1, { act: 'linear' });
  const body: Block = (x) => narrow(relu6(norm(filter(widen(x)))));
  const add = layers.add();
  return strides === 1 && inputs === filters ? (x) => add(body(x), x) : body;
}

/** Inverted residuals as [factor, filters, strides], between convolutions (Sandler et al. 2018, arXiv:1801.04381). */
export function mobileNetV2({
  inputShape = CIFAR,
  classes = 10,
  blocks = [
    [1, 16, 1],
    [6, 24, 2],
    [6, 24, 1],
    [6, 32, 2],
    [6, 32, 1],
  ],
  ...options
}: NetworkOptions & {
  readonly blocks?: readonly (readonly [number, number, number])[];
} = {}): Model {
  const start = normalized(16, 3, { act: 'relu6' });
  let channels = 16;
  const parts = blocks.map(([factor, filters, strides]) => {
    const part = invertedResidual(channels, filters, factor, strides);
    channels = filters;
    return part;
  });
  const end = normalized(4 * channels, 1, { act: 'relu6' });
  const pool = globalAveragePooling2D();
  const head = dense(classes, { activation: 'softmax' });
  return model({
    name: 'mobileNetV2',
    ...options,
    inputs: { image: [...inputShape] },
    outputs: ({ image }) =>
      head(pool(end(parts.reduce((x, part) => part(x), start(image as Tensor))))),
  });
}

/** All of them by name. */
export const networks = { lenet5, vgg, resnet, mobileNetV2 };
