import { type Ort, onnx } from '../peers/onnx.ts';
import { type Backend, type Tf, tfjs } from '../peers/tfjs.ts';
import type { Contestant, Wanted } from '../types.ts';

/** Where `main.ts` serves bench/peers/node_modules. */
const FOLDER = '/peers/';
const TFJS = `${FOLDER}@tensorflow/tfjs-`;

type Modules = Record<string, unknown>;

/** Runs a package's file of CommonJS form; each call makes a copy of its own. */
async function evaluate<T>(path: string, modules: Modules): Promise<T> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  const module = { exports: {} };
  const require = (name: string) => modules[name] ?? {};
  new Function('module', 'exports', 'require', await response.text())(
    module,
    module.exports,
    require,
  );
  return module.exports as T;
}

interface WasmBackend {
  setWasmPaths(prefix: string): void;
  setThreadsCount(threads: number): void;
}

async function loadTf(backend: Backend, threads: number): Promise<Tf> {
  const core = await evaluate<Tf>(`${TFJS}core/dist/tf-core.min.js`, {});
  const modules = { '@tensorflow/tfjs-core': core };
  // Brings chained operations and gradients, which core does without.
  await evaluate(`${TFJS}layers/dist/tf-layers.min.js`, modules);
  const file = `${TFJS}backend-${backend}/dist/tf-backend-${backend}.min.js`;
  const wasm = await evaluate<WasmBackend>(file, modules);
  wasm.setWasmPaths(`${TFJS}backend-${backend}/dist/`);
  wasm.setThreadsCount(threads);
  return core;
}

async function loadOrt(threads: number): Promise<Ort> {
  const folder = `${FOLDER}onnxruntime-web/dist/`;
  const ort = (await import(
    /* @vite-ignore */ `${folder}ort.wasm.min.mjs?threads=${threads}`
  )) as Ort & {
    readonly env: { readonly wasm: { wasmPaths?: string } };
  };
  ort.env.wasm.numThreads = threads;
  ort.env.wasm.wasmPaths = new URL(folder, location.href).href;
  return ort;
}

/** One copy for each number of threads, which is set once for a copy. */
function kept<T>(load: (threads: number) => Promise<T>): (threads: number) => Promise<T> {
  const copies = new Map<number, Promise<T>>();
  return (threads) => {
    const copy = copies.get(threads) ?? load(threads);
    copies.set(threads, copy);
    return copy;
  };
}

const tf = kept((threads) => loadTf('wasm', threads));

const inferring = (c: Contestant): Contestant => ({ ...c, kinds: ['infer'] });

/** What people would otherwise use in a page. */
export const pagePeers: readonly Contestant[] = [
  inferring(
    tfjs(
      'wasm',
      (_, threads) => tf(threads),
      ({ threads }: Wanted) => threads,
    ),
  ),
  inferring(onnx('onnxruntime-web', 'wasm', kept(loadOrt))),
];
