/** What differs between Node and browsers. Node's modules are asked for at run time, so that bundlers see none. */

type Builtins = {
  'node:zlib': typeof import('node:zlib');
  'node:fs': typeof import('node:fs');
  'node:worker_threads': typeof import('node:worker_threads');
  'node:os': typeof import('node:os');
  'node:fs/promises': typeof import('node:fs/promises');
  'node:url': typeof import('node:url');
  'node:buffer': typeof import('node:buffer');
  'node:util': typeof import('node:util');
  'node:crypto': typeof import('node:crypto');
  'node:path': typeof import('node:path');
  'node:v8': typeof import('node:v8');
};

/** A module of Node; undefined elsewhere. */
export function builtin<K extends keyof Builtins>(name: K): Builtins[K] | undefined {
  return globalThis.process?.getBuiltinModule?.(name) as Builtins[K] | undefined;
}

/** Test runners take them away from their pages, but `@assemblyscript/loader` asks for one when it is loaded. */
globalThis.TextDecoder ??= builtin('node:util')?.TextDecoder as typeof TextDecoder;
globalThis.TextEncoder ??= builtin('node:util')?.TextEncoder as typeof TextEncoder;

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
  return new Promise((resolve) => {
    if (isNode && typeof setImmediate === 'function') return void setImmediate(resolve);
    if (typeof MessageChannel === 'undefined') return void setTimeout(resolve);
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(0);
  });
}
