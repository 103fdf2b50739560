import { fileBytes } from '../data/file.ts';
import type { Preprocessing } from '../data/preprocess.ts';
import { readPreprocessing } from '../data/readPreprocessing.ts';
import { formatJson, type Json, type JsonReader, parseJson } from '../formats/json.ts';
import { readSafetensors, writeInTurns } from '../formats/safetensors.ts';
import type { Variable } from '../graph/tensor.ts';
import { checkOptions } from '../runtime/errors.ts';
import { VERSION } from '../runtime/version.ts';
import { type CompiledConfig, compiledConfig } from './compiled.ts';
import { networkConfig } from './config.ts';
import type { Compiled, ModelCore } from './core.ts';
import {
  FORMAT,
  FORMAT_VERSION,
  MODEL_FILE,
  OPTIMIZER_FILE,
  WEIGHTS_FILE,
} from './savedNetwork.ts';
import { checkTensors, writeVariables } from './tensors.ts';
import { readVariables, uniqueNames } from './weights.ts';

/** What a model knows beside its network, kept with it. */
export interface ModelNotes {
  /** How raw data become its inputs. */
  readonly preprocessing?: Preprocessing | undefined;
  readonly classNames?: readonly string[] | undefined;
  /** Anything of yours that JSON can hold. */
  readonly metadata?: Readonly<Record<string, Json>> | undefined;
}

/** `preprocessing`, `classNames` and `metadata` default to the model's own. */
export interface SaveOptions extends ModelNotes {
  /** Also what training needs to go on as if it had not stopped, default true. Without it training starts afresh. */
  readonly optimizer?: boolean;
  /** Also what `compile` was given, default true. */
  readonly compiled?: boolean;
}

const SAVE_OPTIONS = [
  'optimizer',
  'compiled',
  'preprocessing',
  'classNames',
  'metadata',
] satisfies (keyof SaveOptions)[];

export function slotName(weight: string, slot: string): string {
  return `${weight}/${slot}`;
}

/** Of what training keeps beside each parameter; the gradient only in the middle of an accumulated update. */
export function slotNames({ optimizer, accumulate }: Compiled, iterations: number): string[] {
  const names = optimizer.slots.map((slot) => slot.name);
  return iterations % accumulate === 0 ? names : [...names, 'gradient'];
}

/** The variables of these names, beside the weights of those names. */
export function slotsOf(core: ModelCore, weights: readonly string[]): [string, Variable][] {
  const { state } = core;
  const names = slotNames(core.requireCompiled, core.iterations);
  return weights.flatMap((weight, i) => {
    const variable = state.variables[i] as Variable;
    const gradient = state.gradients.get(variable);
    const slots = gradient ? [...(state.slots.get(variable) ?? []), gradient] : [];
    return names
      .slice(0, slots.length)
      .map((name, k): [string, Variable] => [slotName(weight, name), slots[k] as Variable]);
  });
}

/** The model as files. */
export async function toFiles(
  core: ModelCore,
  notes: ModelNotes,
  options: SaveOptions,
): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const { state } = core;
  checkOptions('save', options, SAVE_OPTIONS);
  const { optimizer = true, compiled = true } = options;
  const settings = compiled && core.compiled ? compiledConfig(core.compiled) : undefined;
  const network = networkConfig(core.network);
  const saved = await state.engine.exclusive(async () => {
    const { iterations, epochs, startEpoch } = core;
    const names = uniqueNames(state.variables);
    const weights = await readVariables(
      state,
      names.map((name, i) => [name, state.variables[i] as Variable]),
    );
    const training =
      optimizer && settings
        ? { iterations, epochs, ...(startEpoch ? { startEpoch } : {}) }
        : undefined;
    return {
      names,
      weights,
      training,
      slots: training ? await readVariables(state, slotsOf(core, names)) : [],
    };
  });
  const model = {
    format: FORMAT,
    version: FORMAT_VERSION,
    library: VERSION,
    build: state.engine.info.build,
    network,
    weights: saved.names,
    compiled: settings && withSize(settings, core.updateExamples),
    seed: core.seed,
    training: saved.training && { ...saved.training, state: saved.slots.length > 0 },
    preprocessing: options.preprocessing ?? notes.preprocessing,
    classNames: options.classNames ?? notes.classNames,
    metadata: options.metadata ?? notes.metadata,
  };
  const json = new TextEncoder().encode(formatJson(model, `model "${core.network.name}"`));
  readNotes(parseJson(json, `model "${core.network.name}"`));
  return {
    [MODEL_FILE]: json,
    [WEIGHTS_FILE]: await writeInTurns(saved.weights),
    ...(saved.slots.length > 0 ? { [OPTIMIZER_FILE]: await writeInTurns(saved.slots) } : {}),
  };
}

function withSize(settings: CompiledConfig, updateExamples: number | null) {
  return updateExamples === null ? settings : { ...settings, updateExamples };
}

/** What is saved beside the network, checked. */
export function readNotes(json: JsonReader): ModelNotes {
  const preprocessing = json.optional('preprocessing');
  return {
    preprocessing: preprocessing && readPreprocessing(preprocessing),
    classNames: json
      .optional('classNames')
      ?.list()
      .map((name) => name.text()),
    metadata: json.optional('metadata')?.object(),
  };
}

/** The weights alone, by name. */
export async function weightsFile(core: ModelCore): Promise<Uint8Array<ArrayBuffer>> {
  const { state } = core;
  const named = namedVariables(core);
  return writeInTurns(await state.engine.exclusive(() => readVariables(state, named)));
}

/** Sets all weights from a safetensors file or its bytes: all, or none when the file does not fit. */
export async function loadWeights(core: ModelCore, source: string | Uint8Array): Promise<void> {
  const { state } = core;
  const [bytes, file] =
    typeof source === 'string' ? [await fileBytes(source), source] : [source, WEIGHTS_FILE];
  const { tensors } = readSafetensors(bytes, file, false);
  const named = namedVariables(core);
  checkTensors(tensors, named, file);
  await state.engine.exclusive(async () => {
    state.renew();
    await writeVariables(state, tensors, named);
  });
}

function namedVariables({ state: { variables } }: ModelCore): Map<string, Variable> {
  return new Map(uniqueNames(variables).map((name, i) => [name, variables[i] as Variable]));
}
