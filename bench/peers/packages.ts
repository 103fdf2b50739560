import { load, locate } from './load.ts';
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
export const tfjsNode = (backend: Backend) =>
  tfjs(backend, getTf, () => [1], backend === 'wasm' ? 'one thread in Node' : undefined);

/** A process has one number of threads. */
export const onnxWeb = onnx('onnxruntime-web', 'wasm', (threads) => {
  const ort = load<Ort>('onnxruntime-web');
  ort.env.wasm.numThreads = threads;
  return ort;
});

export const onnxNode = onnx('onnxruntime-node', 'cpu', () => load<Ort>('onnxruntime-node'));
