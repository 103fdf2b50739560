import { type HiddenActivation, type NetworkSpec, Unable } from './types.ts';

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
