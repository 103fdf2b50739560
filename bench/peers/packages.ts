import { load, loadAgain, locate } from './load.ts';
import { type Ort, onnx } from './onnx.ts';
import { type Backend, type Tf, tfjs } from './tfjs.ts';

function getTf(backend: Backend): Tf {
  const tf = load<Tf>('@tensorflow/tfjs-core');
  // Brings the gradients, which core does without.
  load('@tensorflow/tfjs-layers');
  const name = `@tensorflow/tfjs-backend-${backend}`;
  const module = load<{ setWasmPaths?(prefix: string): void }>(name);
  module.setWasmPaths?.(locate(`${name}/package.json`).replace('package.json', 'dist/'));
  return tf;
}

/** Node gives its WASM backend one thread. */
export const tfjsNode = (backend: Backend) => tfjs(backend, getTf);

const copies = new Map<number, Ort>();

/** Its number of threads is set once for a copy of the package. */
export const onnxWeb = onnx('onnxruntime-web', 'wasm', (threads) => {
  let ort = copies.get(threads);
  if (!ort) {
    ort = loadAgain<Ort>('onnxruntime-web', 'onnxruntime-common');
    ort.env.wasm.numThreads = threads;
    copies.set(threads, ort);
  }
  return ort;
});

export const onnxNode = onnx('onnxruntime-node', 'cpu', () => load<Ort>('onnxruntime-node'));
