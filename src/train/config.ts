import type { Shape } from '../graph/shape.ts';
import { type LayerConfig, layerConfig } from '../nn/config.ts';
import type { Layer } from '../nn/layer.ts';
import { OptionError } from '../runtime/errors.ts';
import type { Network, NetworkPart } from './network.ts';
import { type CallRef, recordCalls } from './record.ts';

/** A layer, a network as a layer, or one that stood before: they are numbered as they end. */
type PartConfig = LayerConfig | { readonly network: NetworkConfig } | { readonly sameAs: number };

/** Plain data that rebuilds a network, without its weights. */
export interface NetworkConfig {
  readonly kind: 'sequential' | 'functional';
  readonly name: string;
  /** Left out where it is. */
  readonly trainable?: false;
  readonly inputs: readonly { readonly name: string; readonly shape: Shape | null }[];
  readonly layers: readonly PartConfig[];
  /** Functional: which layer is called on which inputs (names) and results of earlier calls (numbers). */
  readonly calls?: readonly { readonly layer: number; readonly inputs: readonly CallRef[] }[];
  readonly outputs?: Readonly<Record<string, CallRef>>;
}

/**
 * What rebuilds the network. Throws `OptionError` when it holds functions of the user's: layers that are plain functions, or
 * ops between the layers of a functional model.
 */
export function networkConfig(network: Network): NetworkConfig {
  return new Writer().network(network);
}

class Writer {
  #numbers = new Map<NetworkPart, number>();

  network(network: Network): NetworkConfig {
    const { name, parts } = network;
    const inputs = [...network.inputs].map(([input, shape]) => ({ name: input, shape }));
    const frozen = network.trainable === false ? { trainable: false as const } : {};
    if (parts)
      return {
        kind: 'sequential',
        name,
        ...frozen,
        inputs,
        layers: parts.map((p, i) => this.#part(p, i, name)),
      };
    const { calls, outputs } = recordCalls(network);
    const called = [...new Set(calls.map((c) => c.callee))];
    const numbers = new Map(called.map((callee, i) => [callee, i]));
    return {
      kind: 'functional',
      name,
      ...frozen,
      inputs,
      layers: called.map((p, i) => this.#part(p, i, name)),
      calls: calls.map((c) => ({ layer: numbers.get(c.callee) as number, inputs: c.inputs })),
      outputs,
    };
  }

  #part(part: NetworkPart, index: number, model: string): PartConfig {
    const sameAs = this.#numbers.get(part);
    if (sameAs !== undefined) return { sameAs };
    const config = this.#config(part, index, model);
    this.#numbers.set(part, this.#numbers.size);
    return config;
  }

  #config(part: NetworkPart, index: number, model: string): PartConfig {
    if (typeof part !== 'function') return { network: this.network(part) };
    if (isLayer(part)) return layerConfig(part);
    throw new OptionError(
      `layer ${index} of model "${model}" is a plain function, which cannot be saved: make it a layer of a type of its own with layer(…) and registerLayer(…), or save the weights alone with saveWeights`,
    );
  }
}

function isLayer(part: NetworkPart): part is Layer<never> {
  return 'type' in part && 'config' in part;
}
