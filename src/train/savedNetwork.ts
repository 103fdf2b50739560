import { type JsonReader, parseJson } from '../formats/json.ts';
import { readSafetensors } from '../formats/safetensors.ts';
import { DataError, messageOf } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import type { Network } from './network.ts';
import { type MakeLayer, networkFrom } from './readConfig.ts';
import type { Tensors } from './tensors.ts';

export const FORMAT = 'wasmgrad model';
export const FORMAT_VERSION = 1;
export const MODEL_FILE = 'model.json';
export const WEIGHTS_FILE = 'weights.safetensors';
export const OPTIMIZER_FILE = 'optimizer.safetensors';

/** A model's files by name, as a folder would hold them. */
export type ModelFiles = Readonly<Record<string, Uint8Array>>;

/** A saved model's files, checked as far as they can be without its weights' places. */
export class SavedNetwork {
  readonly json: JsonReader;
  readonly network: Network;
  readonly weights: Tensors;
  readonly seed: number;
  readonly #files: ModelFiles;
  readonly #folder: string;

  /** `folder`: what stands before the files' names in errors. */
  constructor(files: ModelFiles, folder: string, make: MakeLayer) {
    this.#files = files;
    this.#folder = folder.replace(/[\\/]+$/, '');
    this.json = parseJson(this.#bytes(MODEL_FILE), this.title(MODEL_FILE));
    checkFormat(this.json);
    this.weights = this.tensors(WEIGHTS_FILE);
    this.network = networkFrom(this.json.get('network'), make);
    for (const [name, shape] of this.network.inputs)
      if (!shape) this.json.get('network').fail(`input "${name}" has no shape`);
    this.seed = this.json.get('seed').number();
  }

  title(name: string): string {
    return this.#folder ? `${this.#folder}/${name}` : name;
  }

  #bytes(name: string): Uint8Array {
    const bytes = Object.hasOwn(this.#files, name) ? this.#files[name] : undefined;
    if (isA(bytes, 'Uint8Array')) return bytes;
    throw new DataError(`${this.title(name)} is missing: not a saved model`);
  }

  tensors(name: string): Tensors {
    return readSafetensors(this.#bytes(name), this.title(name), false).tensors;
  }

  /** Names of the weights in the order of the network's variables. */
  names(): string[] {
    const list = this.json.get('weights');
    const names = list.list().map((n) => n.text());
    if (new Set(names).size < names.length) list.fail('a name stands twice');
    return names;
  }

  classNames(): string[] | undefined {
    return this.json
      .optional('classNames')
      ?.list()
      .map((name) => name.text());
  }

  /** What goes wrong in a walk through the network is the file's fault. */
  traced<T>(walk: () => T): T {
    try {
      return walk();
    } catch (cause) {
      if (cause instanceof DataError) throw cause;
      if (isA(cause, 'Error')) return this.json.fail(messageOf(cause), cause);
      throw cause;
    }
  }
}

function checkFormat(json: JsonReader): void {
  if (json.optional('format')?.value !== FORMAT)
    json.fail(`not a saved model: "format" is not "${FORMAT}"`);
  const version = json.get('version').count();
  if (version !== FORMAT_VERSION)
    json.fail(`version ${version} of the format, this release of wasmgrad reads ${FORMAT_VERSION}`);
}
