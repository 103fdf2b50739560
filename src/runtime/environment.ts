/** What differs between Node and browsers. Node's modules are asked for at run time, so that bundlers see none. */

type Builtins = {
  'node:zlib': typeof import('node:zlib');
  'node:fs': typeof import('node:fs');
  'node:worker_threads': typeof import('node:worker_threads');
  'node:os': typeof import('node:os');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:url': typeof import('node:url');
  'node:path': typeof import('node:path');
  'node:v8': typeof import('node:v8');
};

/** A module of Node; undefined elsewhere. */
export function builtin<K extends keyof Builtins>(name: K): Builtins[K] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as Builtins[K] | undefined;
}

export const isNode = builtin('node:worker_threads') !== undefined;

/** A variable of the process; undefined in browsers, and where it may not be read (Deno without `--allow-env`). */
export function variable(name: string): string | undefined {
  try {
    return globalThis.process?.env?.[name];
  } catch {
    return undefined;
  }
}

export function processors(): number {
  return (
    builtin('node:os')?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1
  );
}

/** Why memory cannot be shared between threads here; undefined if it can. */
export function notShared(): string | undefined {
  if (!isNode && !globalThis.crossOriginIsolated)
    return 'this page is not cross-origin isolated (send COOP and COEP headers)';
  if (typeof SharedArrayBuffer === 'undefined') return 'SharedArrayBuffer is missing';
  return undefined;
}

/** Lets timers, input and messages have their turn. */
export function macrotask(): Promise<void> {
  if (isNode) return new Promise((resolve) => setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
