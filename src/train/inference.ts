import type { NDArray } from '../compile/array.ts';
import type { Json } from '../formats/json.ts';
import type { Shape } from '../graph/shape.ts';
import { activations } from '../nn/activations.ts';
import type { Activation } from '../nn/commonActivations.ts';
import { commonMakers, type LayerConfig, type Makers, makeLayer } from '../nn/makers.ts';
import { find, type Named, type Table } from '../nn/named.ts';
import { DISPOSE } from '../runtime/dispose.ts';
import type { RuntimeInfo } from '../runtime/engine.ts';
import { builtin } from '../runtime/environment.ts';
import { checkOptions, DataError, messageOf } from '../runtime/errors.ts';
import { type InferenceOptions, inferenceEngine } from '../runtime/inference.ts';
import { isA } from '../runtime/kind.ts';
import { type Inputs, NetworkCore } from './networkCore.ts';
import { type PredictOptions, predict, predictSync, single } from './predict.ts';
import { MODEL_FILE, type ModelFiles, SavedNetwork, WEIGHTS_FILE } from './savedNetwork.ts';
import { checkTensors, writeVariables } from './tensors.ts';
import { WeightState } from './weightState.ts';

/** What is known of a loaded model. */
export interface InferenceInfo {
  readonly name: string;
  /** Shapes of one example. */
  readonly inputs: Readonly<Record<string, Shape>>;
  readonly outputs: Readonly<Record<string, Shape>>;
  readonly classNames: readonly string[] | undefined;
  readonly metadata: Readonly<Record<string, Json>> | undefined;
  readonly runtime: RuntimeInfo;
}

class InferenceCore extends NetworkCore<WeightState> {
  readonly #options: InferenceOptions;

  constructor(saved: SavedNetwork, options: InferenceOptions) {
    super(saved.network, saved.seed);
    this.#options = options;
  }

  protected async open(): Promise<WeightState> {
    return new WeightState(await inferenceEngine(this.#options), this.network.name);
  }

  protected override close(state: WeightState | null): void {
    state?.engine.dispose();
  }
}

/** A saved model that answers, and does nothing else. */
export class InferenceModel {
  readonly info: InferenceInfo;
  readonly #core: InferenceCore;

  private constructor(core: InferenceCore, saved: SavedNetwork) {
    this.#core = core;
    this.info = {
      name: core.network.name,
      inputs: Object.fromEntries(core.network.inputs) as Record<string, Shape>,
      outputs: Object.fromEntries(core.outputShapes),
      classNames: saved.classNames(),
      metadata: saved.json.optional('metadata')?.object(),
      runtime: core.state.engine.info,
    };
  }

  /** The model in memory. Throws `DataError` where weights and network do not fit. */
  static async open(saved: SavedNetwork, options: InferenceOptions): Promise<InferenceModel> {
    const core = new InferenceCore(saved, options);
    try {
      const names = saved.names();
      const { trace } = saved.traced(() => core.trace(1, false));
      const weights = new Map([...trace.variables].map((v, i) => [names[i] ?? v.name, v]));
      checkTensors(saved.weights, weights, saved.title(WEIGHTS_FILE), names);
      const state = await core.build(new Map());
      await writeVariables(state, saved.weights, weights);
      return new InferenceModel(core, saved);
    } catch (error) {
      core.dispose();
      throw error;
    }
  }

  /** The output for the examples, computed in batches. Throws `OptionError` when there are several outputs: see `predictAll`. */
  async predict(x: Inputs, options: PredictOptions = {}): Promise<NDArray> {
    return single(await this.predictAll(x, options), this.info.name);
  }

  /** All outputs by name. */
  predictAll(x: Inputs, options: PredictOptions = {}): Promise<Record<string, NDArray>> {
    return predict(this.#core, x, options);
  }

  /** The output at once, in one batch, on the calling thread. */
  predictSync(x: Inputs): NDArray {
    return single(predictSync(this.#core, x), this.info.name);
  }

  /** Frees memory and threads. Later calls throw `DisposedError`. */
  dispose(): void {
    this.#core.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }
}

/**
 * The model that `save` wrote to a folder (in Node a path, elsewhere the address of the folder), or its files by name. Its
 * predictions have the bits that `Model.predict` gives on the same build, but for convolutions after Winograd, which it does
 * without. Throws `DataError` naming the file for anything that is missing, damaged, unknown or does not fit.
 */
export async function loadModel(
  source: string | URL | ModelFiles,
  options: InferenceOptions = {},
): Promise<InferenceModel> {
  checkOptions('loadModel', options, ['threads', 'reproducible', 'wasm', 'workerFactory']);
  const named = typeof source === 'string' || isA(source, 'URL');
  const files = named ? await filesAt(String(source)) : source;
  const makers = await makersFor(files);
  const known = await activationsFor(files);
  const make = (config: LayerConfig) =>
    makeLayer(makers, known ? activated(config, known) : config);
  return InferenceModel.open(new SavedNetwork(files, named ? String(source) : '', make), options);
}

/** Families of layers by their types. */
const FAMILIES: readonly (readonly [types: RegExp, load: () => Promise<Makers>])[] = [
  [/ormalization$/, async () => (await import('../nn/normMakers.ts')).normMakers],
  [
    /^(concatenate|add|subtract|multiply|average|maximum|minimum)$/,
    async () => (await import('../nn/mergeMakers.ts')).mergeMakers,
  ],
  [/./, async () => (await import('../nn/imageMakers.ts')).imageMakers],
];

function textOf(files: ModelFiles): string {
  return new TextDecoder().decode(files[MODEL_FILE]);
}

/** Makers for the types of layers that the files name, as far as there are any: families of layers are loaded when needed. */
async function makersFor(files: ModelFiles): Promise<Makers> {
  const types = [...textOf(files).matchAll(/"type":\s*"(\w+)"/g)].map(([, type]) => type as string);
  const others = types.filter((type) => !Object.hasOwn(commonMakers, type));
  const families = new Set(others.map((type) => FAMILIES.find(([known]) => known.test(type))));
  const loaded = await Promise.all([...families].map((family) => family?.[1]()));
  return Object.assign({}, commonMakers, ...loaded);
}

type Activations = Table<Activation>;

/** All activations, where the files name one that few networks have. */
async function activationsFor(files: ModelFiles): Promise<Activations | undefined> {
  const text = textOf(files);
  const names = [...text.matchAll(/"activation":\s*(?:\{[^}]*"name":\s*)?"(\w+)"/g)];
  if (names.every(([, name]) => Object.hasOwn(activations, name as string))) return undefined;
  const { rareActivations } = await import('../nn/rareActivations.ts');
  return { ...rareActivations, ...activations };
}

/** The layer with the activation that it names. */
function activated(layer: LayerConfig, known: Activations): LayerConfig {
  const given = layer.config?.['activation'] as string | Named | undefined;
  if (given === undefined) return layer;
  const activation = find<Activation>('activation', given, known);
  return { ...layer, config: { ...layer.config, activation } };
}

async function filesAt(place: string): Promise<ModelFiles> {
  const url = builtin('node:url');
  const local = url && (place.startsWith('file:') ? url.fileURLToPath(place) : place);
  if (local && !/^\w{2,}:/.test(local)) {
    const { readFolder } = await import('./folder.ts');
    return readFolder(local);
  }
  const base = place.replace(/\/*$/, '/');
  const names = [MODEL_FILE, WEIGHTS_FILE];
  return Object.fromEntries(await Promise.all(names.map((name) => fetched(base, name))));
}

async function fetched(base: string, name: string): Promise<[string, Uint8Array]> {
  try {
    const response = await fetch(base + name);
    if (!response.ok) throw new DataError(`${response.status} ${response.statusText}`);
    return [name, new Uint8Array(await response.arrayBuffer())];
  } catch (cause) {
    throw new DataError(`${base}${name}: ${messageOf(cause)}`, { cause });
  }
}
