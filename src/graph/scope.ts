import { WasmgradError } from '../runtime/errors.ts';

/** What stands in errors and program texts for the layer that is being traced: `dense "fc1"`. */
interface Scope {
  readonly path: string;
  readonly label: string;
}

let current: Scope = { path: '', label: '' };

/** Path of the layer that is being traced, such as `encoder/fc1`; '' outside of layers. */
export function scopePath(): string {
  return current.path;
}

/** Runs `body` as part of layer `name`: ops made there carry its path, errors thrown there its label. */
export function withScope<T>(type: string, name: string, body: () => T): T {
  const outer = current;
  current = { path: outer.path ? `${outer.path}/${name}` : name, label: `${type} "${name}"` };
  try {
    return body();
  } catch (error) {
    if (error instanceof WasmgradError && !labelled.has(error)) {
      error.message = `${current.label}: ${error.message}`;
      labelled.add(error);
    }
    throw error;
  } finally {
    current = outer;
  }
}

/** Runs `body` with ops that count to the layer at `path`: gradients belong to the layer of what they are gradients of. */
export function atPath<T>(path: string, body: () => T): T {
  const outer = current;
  current = { ...outer, path };
  try {
    return body();
  } finally {
    current = outer;
  }
}

const labelled = new WeakSet<Error>();

/** 32-bit FNV-1a of the text: names become streams of random numbers. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}
