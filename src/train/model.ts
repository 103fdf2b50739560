import type { NDArray } from '../compile/array.ts';
import type { Preprocessing } from '../data/preprocess.ts';
import type { Json } from '../formats/json.ts';
import type { Shape } from '../graph/shape.ts';
import type { Tensor, Variable } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Mode } from '../nn/metric.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { DISPOSE } from '../runtime/dispose.ts';
import {
  checkOptions,
  OptionError,
  StateError,
  shown,
  TypeMismatchError,
  unknownName,
} from '../runtime/errors.ts';
import { type CompileOptions, resolveCompile } from './compileOptions.ts';
import { ModelCore, type ModelOptions } from './core.ts';
import { directionOf } from './direction.ts';
import type { EvaluateOptions } from './evaluate.ts';
import type { FitOptions } from './fit.ts';
import { layersOf, setTrainable } from './freezing.ts';
import type { History, Logs } from './history.ts';
import { type MemoryReport, memoryOf, summarize } from './inspect.ts';
import { applyNetwork, type Network, namedOutputs, sequentialNetwork } from './network.ts';
import type { Inputs } from './networkCore.ts';
import type { Outputs } from './outputs.ts';
import { intermediates, type PredictOptions, predict, predictSync, single } from './predict.ts';
import { predictLatest } from './predictLatest.ts';
import type { Profile, ProfileOptions } from './profile.ts';
import type { SaveOptions } from './save.ts';
import { type BatchStream, isStream } from './source.ts';
import { readVariables, uniqueNames } from './weights.ts';

const cleanup = new FinalizationRegistry<ModelCore>((core) => core.dispose(true));

/** For what belongs to the model but is written in other files. */
export let coreOf: (model: Model) => ModelCore;

/** A network with its weights and everything that trains, tests, asks and describes it. */
export class Model {
  /** How raw data become its inputs; saved with it, like the next two. */
  preprocessing: Preprocessing | undefined;
  classNames: readonly string[] | undefined;
  /** Anything of yours that JSON can hold. */
  metadata: Readonly<Record<string, Json>> | undefined;
  readonly #core: ModelCore;

  static {
    coreOf = (model) => {
      if (model instanceof Model) return model.#core;
      throw new TypeMismatchError(`got ${shown(model)}, expected a model`);
    };
  }

  constructor(network: Network, options: ModelOptions) {
    this.#core = new ModelCore(network, options);
    cleanup.register(this, this.#core, this);
  }

  /** Set to end `fit` behind the running chunk of steps, also while it is paused. */
  get stopTraining(): boolean {
    return this.#core.stopTraining;
  }

  set stopTraining(stop: boolean) {
    this.#core.stopTraining = stop;
    if (stop) this.resume();
  }

  /** As given, or `sequential` or `model`: what errors and `summary` say. */
  get name(): string {
    return this.#core.network.name;
  }

  /** That of `compile`; its learning rate may be set between epochs. */
  get optimizer(): Optimizer {
    return this.#core.requireCompiled.optimizer;
  }

  /** Epochs trained so far, over all calls of `fit`. */
  get epochs(): number {
    return this.#core.epochs;
  }

  /**
   * Layers in the order of their first call. Throws `StateError` for a model that is not built while only the shape of its
   * input tells.
   */
  get layers(): readonly Layer[] {
    return layersOf(this.#core);
  }

  /**
   * Whether training changes the weights, default true; set before or after the model is built, it sets all its layers and
   * models too. Nothing in a model that is not trainable is trained, also where the model is part of another one.
   */
  get trainable(): boolean {
    return this.#core.network.trainable ?? true;
  }

  set trainable(value: boolean) {
    setTrainable(this.#core, value);
  }

  /** Which values of a log, such as `val_accuracy`, are better; undefined where its metric does not say. */
  directionOf(log: string): Mode | undefined {
    return directionOf(this.#core.requireCompiled, log);
  }

  /** Chooses optimiser, losses and metrics, and starts the optimiser afresh. Names are those of Keras in camelCase. */
  compile(options: CompileOptions): this {
    if (this.#core.busy)
      throw new StateError(`compile: model "${this.name}" is in the middle of ${this.#core.busy}`);
    const compiled = resolveCompile(options, this.#outputNames());
    this.#core.adopt(compiled);
    return this;
  }

  /** Names of the outputs, which a functional model's function decides. */
  #outputNames(): string[] {
    const known = [...this.#core.network.inputs.values()].every((s) => s !== null);
    return known ? Object.keys(this.#core.trace(1, false).outputs) : ['output'];
  }

  /** Makes the weights. `inputShape`: shape of one example, where the model does not know it. */
  async build(inputShape?: Shape | Readonly<Record<string, Shape>>): Promise<this> {
    const names = [...this.#core.network.inputs.keys()];
    const rows =
      inputShape === undefined
        ? []
        : Array.isArray(inputShape)
          ? [[names[0], inputShape]]
          : Object.entries(inputShape);
    await this.#core.build(new Map(rows as [string, Shape][]));
    return this;
  }

  /** Trains; resolves to the history of losses and metrics. */
  fit(x: Inputs, y: Inputs, options?: FitOptions): Promise<History>;
  /** Trains on batches that arrive one by one, for data larger than memory. */
  fit(stream: BatchStream, options?: FitOptions): Promise<History>;
  fit(
    x: Inputs | BatchStream,
    y?: Inputs | FitOptions,
    options: FitOptions = {},
  ): Promise<History> {
    return this.#core.exclusively('fit', async () => {
      if (isStream(x)) {
        const { fitStream } = await import('./fitStream.ts');
        return fitStream(this.#core, this, x, (y ?? {}) as FitOptions);
      }
      const { fit } = await import('./fit.ts');
      return fit(this.#core, this, x, y as Inputs, options);
    });
  }

  /**
   * Lets `fit` wait. Resolves when its running chunk of steps (about 20 ms) has ended, at once where nothing trains. Pausing
   * does not change what comes out; `predict` and `getWeights` work meanwhile.
   */
  pause(): Promise<void> {
    return this.#core.pausing.pause();
  }

  /** Ends a pause. */
  resume(): void {
    this.#core.pausing.resume();
  }

  /** Whether `fit` waits, or will behind its running chunk. */
  get paused(): boolean {
    return this.#core.pausing.paused;
  }

  /** Mean loss and metrics over the examples. */
  evaluate(x: Inputs, y: Inputs, options: EvaluateOptions = {}): Promise<Logs> {
    return this.#core.exclusively('evaluate', async () => {
      const { evaluate } = await import('./evaluate.ts');
      return evaluate(this.#core, x, y, options);
    });
  }

  /** Outputs for the examples: one array, or by name when the model has several. While `fit` runs: with the weights of the last step. */
  async predict(x: Inputs, options: PredictOptions = {}): Promise<NDArray> {
    const outputs = await this.predictAll(x, options);
    return single(outputs, this.name);
  }

  /** All outputs by name. */
  async predictAll(x: Inputs, options: PredictOptions = {}): Promise<Record<string, NDArray>> {
    const outputs = await predict(this.#core, x, options);
    // Held up to here: a model that was collected would be disposed in the middle.
    return this.#core && outputs;
  }

  /**
   * `predict` for inputs that are out of date when new ones come, such as a drawing at each stroke: one prediction runs and one
   * waits. Resolves to undefined when a later call took the place of one that waited. Results come in the order of the calls.
   */
  async predictLatest(x: Inputs, options: PredictOptions = {}): Promise<NDArray | undefined> {
    const outputs = await predictLatest(this.#core, x, options);
    return outputs && single(outputs, this.name);
  }

  /** The same at once on the calling thread; the model must be built, and must not be training. */
  predictSync(x: Inputs): NDArray {
    return single(predictSync(this.#core, x), this.name);
  }

  /** What each layer's ops compute for the examples, by name (`dense/linear`). For debugging: needs DEBUG=3. */
  intermediates(x: Inputs): Promise<Record<string, NDArray>> {
    return intermediates(this.#core, x);
  }

  /** The model as a layer of another one, inside its function. */
  call(...tensors: Tensor[]): Tensor {
    return applyNetwork(this.#core.network, tensors);
  }

  /** The layer of this name. Throws `OptionError` for an unknown one. */
  getLayer(name: string): Layer {
    const names = this.layers.map((l) => String(l.label));
    const found = this.layers.find((l) => l.label === name);
    return found ?? unknownName(`layer of model "${this.name}"`, name, names);
  }

  /** Weights and statistics, copied, in the order of the layers. */
  async getWeights(): Promise<NDArray[]> {
    const { state } = this.#core;
    const named = this.weightNames.map(
      (name, i) => [name, state.variables[i] as Variable] as const,
    );
    const read = await state.engine.exclusive(() => readVariables(state, named));
    return read.map(([, weight]) => weight);
  }

  /** Names of what `getWeights` returns. */
  get weightNames(): string[] {
    return uniqueNames(this.#core.state.variables);
  }

  /** Sets all weights, in the order of `getWeights`. Throws `ShapeError` unless all fit; then nothing changes. */
  async setWeights(weights: readonly (NDArray | ArrayLike<number>)[]): Promise<void> {
    const { state } = this.#core;
    const { setWeights } = await import('./setWeights.ts');
    await setWeights(state, weights);
  }

  /**
   * Writes the model to a folder: `model.json`, `weights.safetensors`, and with the optimiser's state `optimizer.safetensors`.
   * A model that is there is replaced once the new one is complete. Throws `OptionError` when the folder holds something else or
   * the model functions of yours, `DataError` when the folder cannot be written.
   */
  async save(folder: string, options: SaveOptions = {}): Promise<void> {
    const { writeModel } = await import('./files.ts');
    await writeModel(folder, await this.toFiles(options));
  }

  /** The files that `save` writes, for `loadModel` where there are no folders. */
  async toFiles(options: SaveOptions = {}): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
    const { toFiles } = await import('./files.ts');
    return toFiles(this.#core, this, options);
  }

  /** Writes the weights alone, by name, to a safetensors file. Works for every model. */
  async saveWeights(file: string): Promise<void> {
    const { writeFile } = await import('./files.ts');
    await writeFile(file, await this.weightsFile());
  }

  /** The bytes of what `saveWeights` writes. */
  async weightsFile(): Promise<Uint8Array<ArrayBuffer>> {
    const { weightsFile } = await import('./files.ts');
    return weightsFile(this.#core);
  }

  /** Sets all weights from a file of `saveWeights`, or its bytes. Throws `DataError` unless names, shapes and types agree. */
  async loadWeights(source: string | Uint8Array): Promise<void> {
    const { loadWeights } = await import('./files.ts');
    return loadWeights(this.#core, source);
  }

  /** A table of layers, output shapes and numbers of parameters. */
  summary(): string {
    return summarize(this.#core);
  }

  /** The training step for batches of `batchSize` as text, one row a line. */
  async program(batchSize = 32): Promise<string> {
    const { programText } = await import('./profile.ts');
    return programText(this.#core, batchSize);
  }

  /** Time of each row of the training step, measured; weights are as before afterwards. */
  profile(options: ProfileOptions = {}): Promise<Profile> {
    return this.#core.exclusively('profile', async () => {
      const { profile } = await import('./profile.ts');
      return profile(this.#core, options);
    });
  }

  /** Bytes of weights, of what training keeps beside them, of the arena, of programs. */
  memory(): MemoryReport {
    return memoryOf(this.#core);
  }

  /** Frees the model's memory, but for weights that other models use too. Later calls throw `DisposedError`. */
  dispose(): void {
    cleanup.unregister(this);
    this.#core.dispose();
  }

  [DISPOSE](): void {
    this.dispose();
  }
}

const MODEL_OPTIONS = [
  'name',
  'engine',
  'seed',
  'threads',
  'build',
  'reproducible',
] satisfies (keyof ModelOptions)[];

/** A layer, a model as a layer, or a plain function of one tensor. */
export type SequentialLayer = Layer<[x: Tensor]> | Model | ((x: Tensor) => Tensor);

export interface SequentialOptions extends ModelOptions {
  /** Shape of one example, without the batch; otherwise the first data decide. */
  readonly inputShape?: Shape;
}

/** A model of layers one behind the other; models and functions of one tensor count as layers. */
export function sequential(
  layers: readonly SequentialLayer[],
  options: SequentialOptions = {},
): Model {
  checkOptions('sequential', options, ['inputShape', ...MODEL_OPTIONS]);
  if (!Array.isArray(layers))
    throw new OptionError(`sequential: layers are ${shown(layers)}, expected a list`);
  if (layers.length === 0) throw new OptionError('sequential: no layers');
  layers.forEach((l, i) => {
    if (typeof l !== 'function' && !(l instanceof Model))
      throw new OptionError(`sequential: layer ${i} is ${shown(l)}, expected a layer or a model`);
  });
  const { inputShape = null, ...rest } = options;
  const parts = layers.map((l) => (l instanceof Model ? coreOf(l).network : l));
  const network = sequentialNetwork(options.name ?? 'sequential', inputShape, parts);
  return new Model(network, rest);
}

export interface FunctionalOptions extends ModelOptions {
  /** Shape of one example of each input, without the batch. */
  readonly inputs: Readonly<Record<string, Shape>>;
  /** The outputs from the inputs, both by name. */
  readonly outputs: (
    inputs: Readonly<Record<string, Tensor>>,
  ) => Tensor | readonly Tensor[] | Outputs;
}

/**
 * A model with any number of inputs and outputs, given by a function of tensors. Layers made outside of the function keep
 * their weights from call to call; called twice in it, they share them.
 *
 * @example
 * const [image, table, head] = [layers.dense(32), layers.dense(8), layers.dense(1)];
 * const net = model({
 *   inputs: { pixels: [784], facts: [12] },
 *   outputs: ({ pixels, facts }) => head(layers.concatenate()(image(pixels), table(facts))),
 * });
 */
export function model(given: FunctionalOptions): Model {
  checkOptions('model', given, ['inputs', 'outputs', ...MODEL_OPTIONS]);
  const { inputs, outputs, ...options } = given;
  if (typeof inputs !== 'object' || inputs === null)
    throw new OptionError(`model: inputs is ${shown(inputs)}, expected shapes by name`);
  if (typeof outputs !== 'function')
    throw new OptionError(`model: outputs is ${shown(outputs)}, expected a function of the inputs`);
  const network: Network = {
    name: options.name ?? 'model',
    inputs: new Map(Object.entries(inputs)),
    call: (tensors) => namedOutputs(outputs(tensors)),
  };
  return new Model(network, options);
}
