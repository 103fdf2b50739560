import type { JsonReader } from '../formats/json.ts';
import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { type LayerConfig, layerConfig, layerFromConfig } from '../nn/config.ts';
import type { Layer } from '../nn/layer.ts';
import { messageOf, OptionError } from '../runtime/errors.ts';
import { applyNetwork, type Network, type NetworkPart, sequentialNetwork } from './network.ts';
import { type CallRef, recordCalls } from './record.ts';

/** A layer, a network as a layer, or one that stood before: they are numbered as they end. */
type PartConfig = LayerConfig | { readonly network: NetworkConfig } | { readonly sameAs: number };

/** Plain data that rebuilds a network, without its weights. */
export interface NetworkConfig {
  readonly kind: 'sequential' | 'functional';
  readonly name: string;
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
    if (parts)
      return {
        kind: 'sequential',
        name,
        inputs,
        layers: parts.map((p, i) => this.#part(p, i, name)),
      };
    const { calls, outputs } = recordCalls(network);
    const called = [...new Set(calls.map((c) => c.callee))];
    const numbers = new Map(called.map((callee, i) => [callee, i]));
    return {
      kind: 'functional',
      name,
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

/** The network that the JSON of `networkConfig` describes, with new layers. Throws `DataError` naming file and place. */
export function networkFrom(json: JsonReader): Network {
  return new Reader().network(json);
}

class Reader {
  #made: NetworkPart[] = [];

  network(json: JsonReader): Network {
    const kind = json.get('kind').oneOf(['sequential', 'functional']);
    const name = json.get('name').text();
    const inputs = json
      .get('inputs')
      .list()
      .map((i) => [i.get('name').text(), shapeOrNull(i.get('shape'))] as const);
    const parts = json
      .get('layers')
      .list()
      .map((p) => this.#part(p));
    if (kind === 'sequential') {
      const [first] = inputs;
      if (inputs.length !== 1 || first?.[0] !== 'input' || parts.length === 0)
        json.fail('a sequential model has one input "input" and layers');
      return sequentialNetwork(name, (first as (typeof inputs)[0])[1], parts);
    }
    const names = new Set(inputs.map(([input]) => input));
    if (names.size < inputs.length || names.size === 0)
      json.get('inputs').fail('expected names, all different');
    const calls = json
      .get('calls')
      .list()
      .map((call, i) => ({
        part: parts[call.get('layer').count(parts.length)] as NetworkPart,
        inputs: call
          .get('inputs')
          .list()
          .map((ref) => refFrom(ref, names, i)),
      }));
    const outputs = json
      .get('outputs')
      .entries()
      .map(([output, ref]) => [output, refFrom(ref, names, calls.length)] as const);
    if (outputs.length === 0) json.get('outputs').fail('expected at least one');
    return {
      name,
      inputs: new Map(inputs),
      call: (tensors) => {
        const results: Tensor[] = [];
        const find = (ref: CallRef) =>
          (typeof ref === 'number' ? results[ref] : tensors[ref]) as Tensor;
        for (const { part, inputs: refs } of calls) results.push(applyPart(part, refs.map(find)));
        return Object.fromEntries(outputs.map(([output, ref]) => [output, find(ref)]));
      },
    };
  }

  #part(json: JsonReader): NetworkPart {
    const same = json.optional('sameAs');
    if (same) return this.#made[same.count(this.#made.length)] as NetworkPart;
    const nested = json.optional('network');
    const part = nested ? this.network(nested) : layerFrom(json);
    this.#made.push(part);
    return part;
  }
}

function applyPart(part: NetworkPart, tensors: readonly Tensor[]): Tensor {
  return typeof part === 'function' ? (part as Layer)(...tensors) : applyNetwork(part, tensors);
}

function shapeOrNull(json: JsonReader): Shape | null {
  return json.value === null ? null : json.shape();
}

function refFrom(json: JsonReader, inputs: ReadonlySet<string>, calls: number): CallRef {
  if (typeof json.value === 'number') return json.count(calls);
  const name = json.text();
  return inputs.has(name)
    ? name
    : json.fail(`"${name}" is not an input; inputs are ${[...inputs].join(', ')}`);
}

function layerFrom(json: JsonReader): NetworkPart {
  const [name, trainable, config] = [
    json.optional('name'),
    json.optional('trainable'),
    json.optional('config'),
  ];
  const checked: LayerConfig = {
    type: json.get('type').text(),
    ...(name ? { name: name.text() } : {}),
    ...(trainable ? { trainable: trainable.flag() } : {}),
    ...(config ? { config: config.object() } : {}),
  };
  try {
    return layerFromConfig(checked) as NetworkPart;
  } catch (error) {
    return json.fail(messageOf(error), error);
  }
}
