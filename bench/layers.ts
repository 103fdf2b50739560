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

interface WeightPlan {
  readonly shape: readonly number[];
  /** What it starts as; a kernel is random. */
  readonly fill?: number;
}

/** What a layer makes of an example: its weights, the shape of its result, and the flops forward. */
interface LayerPlan {
  readonly weights?: readonly WeightPlan[];
  readonly output: readonly number[];
  readonly flops: number;
}

const product = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

/** Kernel, and bias if there is one. */
function kernelPlan(kernel: readonly number[], useBias = true): readonly WeightPlan[] {
  return [{ shape: kernel }, ...(useBias ? [{ shape: kernel.slice(-1), fill: 0 }] : [])];
}

function convPlan(
  spec: LayerSpec & { layer: 'conv2d' | 'depthwiseConv2d' },
  [H = 1, W = 1, C = 1]: readonly number[],
): LayerPlan {
  const { kernelSize: k, strides = 1 } = spec;
  const deep = spec.layer === 'conv2d';
  const less = deep && spec.padding !== 'same' ? k - 1 : 0;
  const [OH, OW] = [Math.ceil((H - less) / strides), Math.ceil((W - less) / strides)];
  const kernel = deep ? [k, k, C, spec.filters] : [k, k, C, 1];
  return {
    weights: kernelPlan(kernel, deep && spec.useBias !== false),
    output: [OH, OW, deep ? spec.filters : C],
    flops: 2 * OH * OW * product(kernel),
  };
}

function planOf(spec: LayerSpec, input: readonly number[]): LayerPlan {
  const [H = 1, W = 1, C = 1] = input;
  switch (spec.layer) {
    case 'dense': {
      const kernel = [product(input), spec.units];
      return { weights: kernelPlan(kernel), output: [spec.units], flops: 2 * product(kernel) };
    }
    case 'conv2d':
    case 'depthwiseConv2d':
      return convPlan(spec, input);
    case 'maxPooling2d':
    case 'averagePooling2d': {
      const { poolSize } = spec;
      return { output: [Math.floor(H / poolSize), Math.floor(W / poolSize), C], flops: 0 };
    }
    case 'batchNormalization': {
      const shape = input.slice(-1);
      const weights = [1, 0].map((fill) => ({ shape, fill }));
      return { weights, output: input, flops: 0 };
    }
    case 'activation':
      return { output: input, flops: 0 };
    case 'globalAveragePooling2d':
      return { output: [C], flops: 0 };
    case 'flatten':
      return { output: [product(input)], flops: 0 };
    case 'residual': {
      const [layers, shortcut] = [spec.layers, spec.shortcut].map((l) =>
        layerPlans({ input, layers: l }),
      ) as [LayerPlan[], LayerPlan[]];
      const all = [...layers, ...shortcut];
      return {
        weights: all.flatMap(({ weights = [] }) => weights),
        output: layers.at(-1)?.output ?? input,
        flops: all.reduce((sum, { flops }) => sum + flops, 0),
      };
    }
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

/** What follows a dense layer or a convolution. */
export function activationOf(spec: LayerSpec): HiddenActivation | undefined {
  return spec.layer === 'dense' || spec.layer === 'conv2d' ? spec.activation : undefined;
}

const PLAIN: readonly LayerSpec['layer'][] = ['dense', 'conv2d', 'maxPooling2d', 'flatten'];

/**
 * Kernels and results of a network of dense layers, convolutions with a bias and strides of 1, max pooling.
 * Throws `Unable` when there are others.
 */
export function plainPlans(
  spec: Pick<NetworkSpec, 'input' | 'layers'>,
): { readonly kernel?: readonly number[]; readonly output: readonly number[] }[] {
  for (const l of spec.layers) {
    if (!PLAIN.includes(l.layer)) throw new Unable(`has no ${l.layer} here`);
    if (l.layer !== 'conv2d' || (l.useBias !== false && (l.strides ?? 1) === 1)) continue;
    throw new Unable('has no conv2d with strides or without a bias here');
  }
  return layerPlans(spec).map(({ weights, output }) => {
    return { output, ...(weights?.[0] ? { kernel: weights[0].shape } : {}) };
  });
}

/** Glorot's uniform kernels, zero biases. */
export function glorotWeights(
  spec: Pick<NetworkSpec, 'input' | 'layers'>,
  random: () => number,
): Weights {
  const weights = layerPlans(spec).flatMap((plan) => plan.weights ?? []);
  return weights.map(({ shape, fill }) => {
    if (fill !== undefined) return new Float32Array(product(shape)).fill(fill);
    const taps = product(shape.slice(0, -2));
    const [inputs = 1, units = 1] = shape.slice(-2);
    return uniform(product(shape), Math.sqrt(6 / (taps * (inputs + units))), random);
  });
}
