import { fileBytes } from '../data/file.ts';
import type { Preprocessing } from '../data/preprocess.ts';
import { type Json, formatJson } from '../formats/json.ts';
import { readSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import type { Variable } from '../graph/tensor.ts';
import { EngineError, OptionError } from '../runtime/errors.ts';
import { VERSION } from '../runtime/version.ts';
import { compiledConfig } from './compiled.ts';
import { networkConfig } from './config.ts';
import type { ModelCore } from './core.ts';
import type { ModelState } from './state.ts';
import { checkTensors, readVariables, uniqueNames, writeVariables } from './weights.ts';

export const FORMAT = 'wasmgrad model';
export const FORMAT_VERSION = 1;
export const MODEL_FILE = 'model.json';
export const WEIGHTS_FILE = 'weights.safetensors';
export const OPTIMIZER_FILE = 'optimizer.safetensors';

/** A model's files by name, as a folder would hold them. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

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

/** Name of a parameter's slot, or of its gradient in the middle of an accumulated update. */
export function slotName(weight: string, slot: string): string {
  return `${weight}/${slot}`;
}

export const GRADIENT = 'gradient';

/** The model as files. */
export async function toFiles(core: ModelCore, notes: ModelNotes, options: SaveOptions): Promise<Record<string, Uint8Array<ArrayBuffer>>> {
  const { state } = core;
  checkHeld(state);
  const { optimizer = true, compiled = true } = options;
  const settings = compiled && core.compiled ? compiledConfig(core.compiled) : undefined;
  const network = networkConfig(core.network);
  const saved = await state.engine.exclusive(async () => {
    const { iterations, epochs } = core;
    const names = uniqueNames(state.variables);
    const weights = await readVariables(state, names.map((name, i) => [name, state.variables[i] as Variable]));
    const training = optimizer && settings ? { iterations, epochs } : undefined;
    return { names, weights, training, slots: training ? await readVariables(state, slotsOf(core, names)) : [] };
  });
  const model = {
    format: FORMAT,
    version: FORMAT_VERSION,
    library: VERSION,
    build: state.engine.info.build,
    network,
    weights: saved.names,
    compiled: settings,
    seed: core.seed,
    training: saved.training && { ...saved.training, state: saved.slots.length > 0 },
    preprocessing: options.preprocessing ?? notes.preprocessing,
    classNames: options.classNames ?? notes.classNames,
    metadata: options.metadata ?? notes.metadata,
  };
  const json = formatJson(model, (problem) => {
    throw new OptionError(`model "${core.network.name}" cannot be saved: ${problem}`);
  });
  return {
    [MODEL_FILE]: new TextEncoder().encode(json),
    [WEIGHTS_FILE]: writeSafetensors(saved.weights),
    ...(saved.slots.length > 0 ? { [OPTIMIZER_FILE]: writeSafetensors(saved.slots) } : {}),
  };
}

function checkHeld(state: ModelState): void {
  if (state.lost) throw new EngineError(`the weights of model "${state.name}" were lost with the worker that held them: nothing to save`);
}

/** What training keeps beside the weights; gradients only in the middle of an accumulated update. */
export function slotsOf(core: ModelCore, names: readonly string[]): [string, Variable][] {
  const { state, iterations } = core;
  const { optimizer, accumulate } = core.requireCompiled;
  return names.flatMap((name, i) => {
    const weight = state.variables[i] as Variable;
    const slots = state.slots.get(weight) ?? [];
    const gradient = iterations % accumulate === 0 ? undefined : state.gradients.get(weight);
    const kept = slots.map((slot, k): [string, Variable] => [slotName(name, optimizer.slots[k]?.name as string), slot]);
    return gradient ? [...kept, [slotName(name, GRADIENT), gradient]] : kept;
  });
}

/** The weights alone, by name. */
export async function weightsFile(core: ModelCore): Promise<Uint8Array<ArrayBuffer>> {
  const { state } = core;
  checkHeld(state);
  const named = namedVariables(core);
  return writeSafetensors(await state.engine.exclusive(() => readVariables(state, named)));
}

/** Sets all weights from a safetensors file or its bytes: all, or none when the file does not fit. */
export async function loadWeights(core: ModelCore, source: string | Uint8Array): Promise<void> {
  const { state } = core;
  const [bytes, file] = typeof source === 'string' ? [await fileBytes(source), source] : [source, WEIGHTS_FILE];
  const { tensors } = readSafetensors(bytes, file);
  const named = namedVariables(core);
  checkTensors(tensors, named, file);
  await state.engine.exclusive(async () => {
    state.renew();
    writeVariables(state, tensors, named);
  });
}

function namedVariables({ state: { variables } }: ModelCore): Map<string, Variable> {
  return new Map(uniqueNames(variables).map((name, i) => [name, variables[i] as Variable]));
}
