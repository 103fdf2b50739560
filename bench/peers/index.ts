import type { Contestant } from '../types.ts';
import { brain } from './brain.ts';
import { convnet } from './convnet.ts';
import { jax } from './jax.ts';
import { mlMatrix } from './mlMatrix.ts';
import { onnxNode, onnxWeb, tfjsNode } from './packages.ts';
import { numpy, torch } from './python.ts';

/** What people would otherwise use. */
export const peers: readonly Contestant[] = [
  tfjsNode('cpu'),
  tfjsNode('wasm'),
  onnxWeb,
  onnxNode,
  jax,
  mlMatrix,
  convnet,
  brain,
  numpy,
  torch,
];
