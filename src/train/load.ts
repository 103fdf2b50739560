import type { Variable } from '../graph/tensor.ts';
import { layerFromConfig } from '../nn/fromConfig.ts';
import { checkOptions, OptionError, shown } from '../runtime/errors.ts';
import { compileOptionsFrom } from './compiled.ts';
import type { ModelCore, ModelOptions } from './core.ts';
import { readFolder } from './folder.ts';
import { coreOf, Model } from './model.ts';
import { readNotes, slotName, slotNames, slotsOf } from './save.ts';
import { type ModelFiles, OPTIMIZER_FILE, SavedNetwork, WEIGHTS_FILE } from './savedNetwork.ts';
import { checkTensors, writeVariables } from './tensors.ts';

/** Where the model runs; the rest is in its files. */
export type LoadOptions = Pick<ModelOptions, 'engine' | 'threads' | 'build' | 'reproducible'>;

export async function loadModel(
  source: string | ModelFiles,
  options: LoadOptions = {},
): Promise<Model> {
  checkOptions('loadModel', options, ['engine', 'threads', 'build', 'reproducible']);
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null))
    throw new OptionError(`loadModel: got ${shown(source)}, expected a folder or its files`);
  const folder = typeof source === 'string' ? source : '';
  const files = typeof source === 'string' ? await readFolder(source) : source;
  const saved = new SavedModel(files, folder, layerFromConfig);
  const model = saved.model(options);
  try {
    await saved.restore(coreOf(model));
    return model;
  } catch (error) {
    model.dispose();
    throw error;
  }
}

class SavedModel extends SavedNetwork {
  /** The model without memory: its network, what it was compiled for, what it knows. */
  model(options: LoadOptions): Model {
    const { engine, threads, build, reproducible } = options;
    const given = Object.entries({ engine, threads, build, reproducible }).filter(
      ([, value]) => value !== undefined,
    );
    const model = new Model(this.network, { ...Object.fromEntries(given), seed: this.seed });
    Object.assign(model, readNotes(this.json));
    const compiled = this.json.optional('compiled');
    if (compiled) {
      this.traced(() => model.compile(compileOptionsFrom(compiled)));
      coreOf(model).updateExamples = compiled.optional('updateExamples')?.count() ?? null;
    }
    return model;
  }

  /** Checks everything, then gives the model its memory. */
  async restore(core: ModelCore): Promise<void> {
    const names = this.names();
    const variables = this.#variables(core, names);
    const weights = new Map(names.map((name, i) => [name, variables[i] as Variable]));
    checkTensors(this.weights, weights, this.title(WEIGHTS_FILE));
    const training = this.#training(core, weights);
    const state = await core.build(new Map());
    await state.adopt({ variables, streams: new Map() }, core.seed);
    core.iterations = training?.iterations ?? 0;
    core.epochs = training?.epochs ?? 0;
    core.startEpoch = training?.startEpoch ?? 0;
    const slots = training?.slots;
    if (slots) await state.prepareTraining(slots.parameters, core.requireCompiled.optimizer);
    await state.engine.exclusive(async () => {
      await writeVariables(state, this.weights, weights);
      if (slots) await writeVariables(state, slots.tensors, new Map(slotsOf(core, names)));
    });
  }

  /** The network's variables in the order of `build`; those that only training uses, where the file has them, behind. */
  #variables(core: ModelCore, names: readonly string[]): Variable[] {
    const list = this.json.get('weights');
    const { trace } = this.traced(() => core.trace(1, false));
    const found = new Set(trace.variables);
    if (found.size < names.length)
      for (const v of this.traced(() => core.trace(1, true)).trace.variables) found.add(v);
    if (found.size !== names.length)
      list.fail(`${names.length} names, the network has ${found.size} weights`);
    return [...found];
  }

  /** State of training, checked against the weights. */
  #training(core: ModelCore, weights: ReadonlyMap<string, Variable>) {
    const json = this.json.optional('training');
    if (!json) return undefined;
    const [iterations, epochs] = [json.get('iterations').count(), json.get('epochs').count()];
    const startEpoch = json.optional('startEpoch')?.count() ?? 0;
    if (!json.get('state').flag()) return { iterations, epochs, startEpoch };
    if (!core.compiled) return json.fail('there is a state, but "compiled" is missing');
    const tensors = this.tensors(OPTIMIZER_FILE);
    const slots = slotNames(core.compiled, iterations);
    const parameters = [...weights].filter(([name]) =>
      slots.some((slot) => tensors.has(slotName(name, slot))),
    );
    const like = parameters.flatMap(([name, v]) =>
      slots.map((slot) => [slotName(name, slot), v] as const),
    );
    checkTensors(tensors, new Map(like), this.title(OPTIMIZER_FILE));
    return {
      iterations,
      epochs,
      startEpoch,
      slots: { tensors, parameters: parameters.map(([, v]) => v) },
    };
  }
}
