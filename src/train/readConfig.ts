import type { JsonReader } from '../formats/json.ts';
import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { LayerConfig } from '../nn/makers.ts';
import { messageOf } from '../runtime/errors.ts';
import { applyNetwork, type Network, type NetworkPart, sequentialNetwork } from './network.ts';
import type { CallRef } from './record.ts';

/** Makes a layer from its configuration. */
export type MakeLayer = (config: LayerConfig) => Layer;

/** The network that the JSON of `networkConfig` describes, with new layers that `make` makes. Throws `DataError` naming file and place. */
export function networkFrom(json: JsonReader, make: MakeLayer): Network {
  return new Reader(make).network(json);
}

class Reader {
  readonly #make: MakeLayer;
  #made: NetworkPart[] = [];

  constructor(make: MakeLayer) {
    this.#make = make;
  }

  network(json: JsonReader): Network {
    const network = this.#read(json);
    if (json.optional('trainable')?.flag() === false) network.trainable = false;
    return network;
  }

  #read(json: JsonReader): Network {
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
    const part = nested ? this.network(nested) : layerFrom(json, this.#make);
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

function layerFrom(json: JsonReader, make: MakeLayer): NetworkPart {
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
    return make(checked) as NetworkPart;
  } catch (error) {
    return json.fail(messageOf(error), error);
  }
}
