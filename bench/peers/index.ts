import type { Contestant } from '../types.ts';
import { brain } from './brain.ts';
import { convnet } from './convnet.ts';
import { jax } from './jax.ts';
import { mlMatrix } from './mlMatrix.ts';
import { onnxNode, onnxWeb } from './onnx.ts';
import { numpy, torch } from './python.ts';
import { tfjs } from './tfjs.ts';

/** What people would otherwise use. */
export const peers: readonly Contestant[] = [
  tfjs('cpu'),
  tfjs('wasm'),
  onnxWeb,
  onnxNode,
  jax,
  mlMatrix,
  convnet,
  brain,
  numpy,
  torch,
];
