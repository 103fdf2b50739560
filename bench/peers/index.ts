import { fileURLToPath } from 'node:url';
import type { Contestant, Kind } from '../types.ts';
import { brain } from './brain.ts';
import { convnet } from './convnet.ts';
import { jax } from './jax.ts';
import { mlMatrix } from './mlMatrix.ts';
import { onnxNode, onnxWeb } from './onnx.ts';
import { remote } from './process.ts';
import { numpy, torch } from './python.ts';
import { tfjs } from './tfjs.ts';

/** Packages of this folder, for a process that runs one of them. */
export const packages: readonly Contestant[] = [
  tfjs('cpu'),
  tfjs('wasm'),
  onnxWeb,
  onnxNode,
  jax,
  mlMatrix,
  convnet,
  brain,
];

const HOST = fileURLToPath(new URL('host.ts', import.meta.url));

/** What people would otherwise use, each in processes of its own. */
export const peers: readonly Contestant[] = [
  ...packages.map(({ open, ...contestant }) =>
    remote({
      ...contestant,
      opens: Object.keys(open) as Kind[],
      host: () => ({ command: process.execPath, args: [HOST, contestant.name], env: {} }),
    }),
  ),
  numpy,
  torch,
];
