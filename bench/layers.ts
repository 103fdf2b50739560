import { uniform } from './numbers.ts';
import {
  type HiddenActivation,
  type LayerSpec,
  type NetworkSpec,
  Unable,
  type Weights,
} from './types.ts';

/** A network of dense layers: inputs, units of each layer; one activation between them. */
export interface PerceptronSpec {
  readonly sizes: readonly number[];
  readonly hidden: HiddenActivation;
}

/** The layers as a perceptron. Throws `Unable` when there are others. */
export function perceptronOf({ input, layers }: NetworkSpec): PerceptronSpec {
  const units = layers.map((l) => {
    if (l.layer === 'dense') return l.units;
    throw new Unable(`has no ${l.layer} here`);
  });
  const [first] = layers;
  const hidden = (first?.layer === 'dense' && first.activation) || 'relu';
  return { sizes: [input.reduce((a, b) => a * b, 1), ...units], hidden };
}

/** The network of a perceptron. */
export function perceptron(
  name: string,
  { sizes, hidden }: PerceptronSpec,
  output: NetworkSpec['output'],
): NetworkSpec {
  const units = sizes.slice(1);
  const layers = units.map((n, i) => ({
    layer: 'dense' as const,
    units: n,
    ...(i < units.length - 1 ? { activation: hidden } : {}),
  }));
  return { name, input: sizes.slice(0, 1), layers, output };
}

/** What a layer makes of an example: the shape of its kernel, if it has one, of its result, and the flops forward. */
interface LayerPlan {
  readonly kernel?: readonly number[];
  readonly output: readonly number[];
  readonly flops: number;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function planOf(spec: LayerSpec, input: readonly number[]): LayerPlan {
  const [H = 1, W = 1, C = 1] = input;
  switch (spec.layer) {
    case 'dense': {
      const kernel = [product(input), spec.units];
      return { kernel, output: [spec.units], flops: 2 * product(kernel) };
    }
    case 'conv2d': {
      const { filters, kernelSize: k, padding } = spec;
      const kernel = [k, k, C, filters];
      const less = padding === 'same' ? 0 : k - 1;
      const output = [H - less, W - less, filters];
      return { kernel, output, flops: 2 * (H - less) * (W - less) * product(kernel) };
    }
    case 'maxPooling2d': {
      const { poolSize } = spec;
      return { output: [Math.floor(H / poolSize), Math.floor(W / poolSize), C], flops: 0 };
    }
    case 'flatten':
      return { output: [product(input)], flops: 0 };
    default:
      throw new Unable(`has no ${spec.layer} here`);
  }
}

/** The plans of all layers of a network, dense ones flattening what they are given. */
export function layerPlans({ input, layers }: Pick<NetworkSpec, 'input' | 'layers'>): LayerPlan[] {
  let shape = input;
  return layers.map((spec) => {
    const plan = planOf(spec, shape);
    shape = plan.output;
    return plan;
  });
}

/** Glorot's uniform kernels, zero biases. */
export function glorotWeights(
  spec: Pick<NetworkSpec, 'input' | 'layers'>,
  random: () => number,
): Weights {
  return layerPlans(spec).flatMap(({ kernel }) => {
    if (!kernel) return [];
    const taps = product(kernel.slice(0, -2));
    const [inputs = 1, units = 1] = kernel.slice(-2);
    const limit = Math.sqrt(6 / (taps * (inputs + units)));
    return [uniform(product(kernel), limit, random), new Float32Array(units)];
  });
}

/** A convolutional classifier of 28×28 grey pictures. */
export const CNN: NetworkSpec = {
  name: 'cnn',
  input: [28, 28, 1],
  layers: [
    { layer: 'conv2d', filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' },
    { layer: 'maxPooling2d', poolSize: 2 },
    { layer: 'conv2d', filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' },
    { layer: 'maxPooling2d', poolSize: 2 },
    { layer: 'flatten' },
    { layer: 'dense', units: 128, activation: 'relu' },
    { layer: 'dense', units: 10 },
  ],
  output: 'softmax',
};
