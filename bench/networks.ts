/** Convolutional classifiers, those of examples/support/models.ts without dropout. */
import type { LayerSpec, NetworkSpec } from './types.ts';

export const RELU = { layer: 'activation', activation: 'relu' } as const;
const RELU6 = { layer: 'activation', activation: 'relu6' } as const;

function conv(filters: number, kernelSize = 3): LayerSpec {
  return { layer: 'conv2d', filters, kernelSize, padding: 'same', activation: 'relu' };
}

/** Convolution without bias and batch normalisation. */
function normalized(filters: number, kernelSize: number, strides = 1): LayerSpec[] {
  return [
    { layer: 'conv2d', filters, kernelSize, strides, padding: 'same', useBias: false },
    { layer: 'batchNormalization' },
  ];
}

function residual(filters: number, strides: number, changes: boolean): LayerSpec[] {
  const layers = [...normalized(filters, 3, strides), RELU, ...normalized(filters, 3)];
  return [
    { layer: 'residual', layers, shortcut: changes ? normalized(filters, 1, strides) : [] },
    RELU,
  ];
}

function invertedResidual(
  inputs: number,
  filters: number,
  factor: number,
  strides: number,
): LayerSpec[] {
  const layers: LayerSpec[] = [
    ...(factor === 1 ? [] : [...normalized(inputs * factor, 1), RELU6]),
    { layer: 'depthwiseConv2d', kernelSize: 3, strides },
    { layer: 'batchNormalization' },
    RELU6,
    ...normalized(filters, 1),
  ];
  const same = strides === 1 && inputs === filters;
  return same ? [{ layer: 'residual', layers, shortcut: [] }] : layers;
}

function network(
  name: string,
  input: readonly [number, number, number],
  layers: readonly LayerSpec[],
): NetworkSpec {
  return { name, input, layers: [...layers, { layer: 'dense', units: 10 }], output: 'softmax' };
}

/** A convolutional classifier of 28×28 grey pictures. */
export const CNN = network(
  'cnn',
  [28, 28, 1],
  [
    conv(16),
    { layer: 'maxPooling2d', poolSize: 2 },
    conv(32),
    { layer: 'maxPooling2d', poolSize: 2 },
    { layer: 'flatten' },
    { layer: 'dense', units: 128, activation: 'relu' },
  ],
);

export const LENET5 = network(
  'lenet5',
  [28, 28, 1],
  [
    conv(6, 5),
    { layer: 'averagePooling2d', poolSize: 2 },
    { layer: 'conv2d', filters: 16, kernelSize: 5, activation: 'relu' },
    { layer: 'averagePooling2d', poolSize: 2 },
    { layer: 'flatten' },
    { layer: 'dense', units: 120, activation: 'relu' },
    { layer: 'dense', units: 84, activation: 'relu' },
  ],
);

export const VGG = network(
  'vgg',
  [32, 32, 3],
  [
    ...[32, 64, 128].flatMap((n): LayerSpec[] => [
      conv(n),
      conv(n),
      { layer: 'maxPooling2d', poolSize: 2 },
    ]),
    { layer: 'flatten' },
    { layer: 'dense', units: 128, activation: 'relu' },
  ],
);

export const RESNET = network(
  'resnet',
  [32, 32, 3],
  [
    ...normalized(16, 3),
    RELU,
    ...residual(16, 1, false),
    ...residual(32, 2, true),
    ...residual(64, 2, true),
    { layer: 'globalAveragePooling2d' },
  ],
);

export const MOBILENET = network(
  'mobilenet',
  [32, 32, 3],
  [
    ...normalized(16, 3),
    RELU6,
    ...invertedResidual(16, 16, 1, 1),
    ...invertedResidual(16, 24, 6, 2),
    ...invertedResidual(24, 24, 6, 1),
    ...invertedResidual(24, 32, 6, 2),
    ...invertedResidual(32, 32, 6, 1),
    ...normalized(128, 1),
    RELU6,
    { layer: 'globalAveragePooling2d' },
  ],
);
