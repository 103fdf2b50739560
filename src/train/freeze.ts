import type { NDArray } from '../compile/array.ts';
import { JsonReader } from '../formats/json.ts';
import type { LayerConfig } from '../nn/config.ts';
import { layerFromConfig } from '../nn/fromConfig.ts';
import { type NetworkConfig, networkConfig } from './config.ts';
import { coreOf, Model } from './model.ts';
import { networkFrom } from './readConfig.ts';
import type { CallRef } from './record.ts';

/** The kernel of a layer that can take up a factor for each unit, and its axis of units from the end. */
interface Linear {
  readonly kernel: string;
  /** Whether the units stand before the inputs. */
  readonly transposed?: boolean;
  /** Axes between batch and channels; 0: any. */
  readonly axes: number;
}

const LINEAR: Readonly<Record<string, Linear>> = {
  dense: { kernel: 'kernel', axes: 0 },
  conv1D: { kernel: 'kernel', axes: 1 },
  conv2D: { kernel: 'kernel', axes: 2 },
  conv3D: { kernel: 'kernel', axes: 3 },
  conv1DTranspose: { kernel: 'kernel', axes: 1, transposed: true },
  conv2DTranspose: { kernel: 'kernel', axes: 2, transposed: true },
  conv3DTranspose: { kernel: 'kernel', axes: 3, transposed: true },
  depthwiseConv1D: { kernel: 'kernel', axes: 1 },
  depthwiseConv2D: { kernel: 'kernel', axes: 2 },
  separableConv1D: { kernel: 'pointwiseKernel', axes: 1 },
  separableConv2D: { kernel: 'pointwiseKernel', axes: 2 },
};

type Weights = Map<string, NDArray>;
type Part = NetworkConfig['layers'][number];
interface Call {
  readonly layer: number;
  readonly inputs: readonly CallRef[];
}

export async function freeze(model: Model): Promise<Model> {
  const core = coreOf(model);
  const { engine } = core.state;
  const [names, arrays] = [model.weightNames, await model.getWeights()];
  const weights: Weights = new Map(names.map((name, i) => [name, arrays[i] as NDArray]));
  const config = networkConfig(core.network);
  const folded = new Folder(weights, sharedParts(config)).network(config, '');
  const json = new JsonReader(JSON.parse(JSON.stringify(folded)), `model "${model.name}"`, '');
  const frozen = new Model(networkFrom(json, layerFromConfig), { engine, seed: core.seed });
  await frozen.build();
  await frozen.setWeights(frozen.weightNames.map((name) => weights.get(name) as NDArray));
  const { preprocessing, classNames, metadata } = model;
  coreOf(frozen).compiled = core.compiled;
  return Object.assign(frozen, { preprocessing, classNames, metadata });
}

/** Parts that stand at several places. */
function sharedParts(config: NetworkConfig): ReadonlySet<Part> {
  const [numbered, shared]: [Part[], Set<Part>] = [[], new Set()];
  const walk = ({ layers }: NetworkConfig): void => {
    for (const part of layers) {
      if ('sameAs' in part) shared.add(numbered[part.sameAs] as Part);
      else {
        if ('network' in part) walk(part.network);
        numbered.push(part);
      }
    }
  };
  walk(config);
  return shared;
}

class Folder {
  readonly #weights: Weights;
  readonly #shared: ReadonlySet<Part>;

  constructor(weights: Weights, shared: ReadonlySet<Part>) {
    this.#weights = weights;
    this.#shared = shared;
  }

  /** The network with its batch normalisations, where they fold, as linear activations. */
  network(config: NetworkConfig, path: string): NetworkConfig {
    const layers = [...config.layers];
    const calls: readonly Call[] =
      config.calls ?? layers.map((_, i) => ({ layer: i, inputs: i ? [i - 1] : ['input'] }));
    const outputs = Object.values(config.outputs ?? { output: calls.length - 1 });
    /** The layer of a call whose only purpose is to feed one other, and this one. */
    const alone = (call: CallRef | undefined): LayerConfig | undefined => {
      const { layer } = calls[call as number] ?? {};
      const part = layers[layer as number];
      const once = calls.filter((c) => c.layer === layer).length === 1;
      const sole =
        part && once && 'type' in part && !this.#shared.has(config.layers[layer as number] as Part);
      return sole ? (part as LayerConfig) : undefined;
    };
    const readers = (call: CallRef) =>
      calls.flatMap((c, i) => c.inputs.filter((input) => input === call).map(() => i));
    const next = (call: number) => {
      const found = readers(call);
      return found.length === 1 && !outputs.includes(call) ? found[0] : undefined;
    };
    calls.forEach(({ layer }, i) => {
      const [second, third] = [next(i), next(next(i) ?? -1)];
      const [product, norm, after] = [alone(i), alone(second), alone(third)];
      if (!product || !norm || !this.#fold(product, norm, path)) return;
      const act = after?.type === 'activation' ? after.config?.['activation'] : undefined;
      layers[layer] = withConfig(product, { useBias: true, ...(act ? { activation: act } : {}) });
      layers[calls[second as number]?.layer as number] = nothing(norm);
      if (act) layers[calls[third as number]?.layer as number] = nothing(after as LayerConfig);
    });
    return {
      ...config,
      layers: layers.map((part) => {
        if ('network' in part)
          return { network: this.network(part.network, `${path}${part.network.name}/`) };
        return 'type' in part ? { ...part, trainable: false } : part;
      }),
    };
  }

  /** Multiplies the weights, if they can be. */
  #fold(product: LayerConfig, norm: LayerConfig, path: string): boolean {
    const linear = Object.hasOwn(LINEAR, product.type) ? LINEAR[product.type] : undefined;
    if (!linear || norm.type !== 'batchNormalization' || !fits(product, norm, linear)) return false;
    const find = (layer: LayerConfig, name: string) =>
      this.#weights.get(`${path}${layer.name}/${name}`)?.data;
    const kernel = this.#weights.get(`${path}${product.name}/${linear.kernel}`);
    const [mean, variance] = [find(norm, 'movingMean'), find(norm, 'movingVariance')];
    if (!kernel || !mean || !variance) return false;
    // Models of one name may have layers of one name, whose weights are told apart by numbers only.
    const names = [`${product.name}/${linear.kernel}`, `${norm.name}/movingMean`];
    if (names.some((name) => this.#weights.has(`${path}${name}#2`))) return false;
    const epsilon = Number(norm.config?.['epsilon'] ?? 1e-3);
    const [gamma, beta, bias] = [find(norm, 'gamma'), find(norm, 'beta'), find(product, 'bias')];
    const units = mean.length;
    const scale = Array.from(
      { length: units },
      (_, u) => (gamma?.[u] ?? 1) / Math.sqrt((variance[u] as number) + epsilon),
    );
    const inner = linear.transposed ? (kernel.shape.at(-1) as number) : 1;
    const factor = (i: number) => scale[Math.floor(i / inner) % units] as number;
    const offset = (u: number) =>
      ((bias?.[u] ?? 0) - (mean[u] as number)) * (scale[u] as number) + (beta?.[u] ?? 0);
    const data = Float64Array.from(kernel.data, (w, i) => w * factor(i));
    this.#weights.set(`${path}${product.name}/${linear.kernel}`, { ...kernel, data } as NDArray);
    const biases = Float64Array.from({ length: units }, (_, u) => offset(u));
    this.#weights.set(`${path}${product.name}/bias`, { shape: [units], data: biases } as NDArray);
    return true;
  }
}

/** Whether the normalisation is over the product's units, with nothing between. */
function fits({ config = {} }: LayerConfig, norm: LayerConfig, { axes }: Linear): boolean {
  const { activation = 'linear', dataFormat = 'channelsLast' } = config;
  const axis = norm.config?.['axis'] ?? -1;
  const channels = dataFormat === 'channelsFirst' ? [1] : axes ? [-1, axes + 1] : [-1];
  const name = typeof activation === 'object' ? (activation as { name?: string }).name : activation;
  return name === 'linear' && channels.includes(axis as number);
}

function withConfig(layer: LayerConfig, more: object): LayerConfig {
  return { ...layer, config: { ...layer.config, ...more } };
}

/** A layer in the place of another one that gives what it gets. */
function nothing({ name }: LayerConfig): LayerConfig {
  return { type: 'activation', ...(name ? { name } : {}), config: { activation: 'linear' } };
}
