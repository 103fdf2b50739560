import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { perceptronOf } from '../layers.ts';
import {
  type Contestant,
  type InferTask,
  type Kind,
  type Runner,
  type TrainTask,
  Unable,
  type Variant,
} from '../types.ts';

const KINDS: readonly Kind[] = ['gemm', 'elementwise', 'reduce', 'train', 'infer'];
const CANDIDATES = ['/usr/bin/python3', 'python3'];
/** Kernels that OpenBLAS does not choose by itself on processors it does not know. */
const AVX512 = { OPENBLAS_CORETYPE: 'SkylakeX' };

type Network = TrainTask | InferTask;

/** A module of Python, each task in a process of its own; `given`: what it is told of a network. */
function python(name: string, module: string, given: (task: Network) => object): Contestant {
  let found: string | undefined | null = null;
  const find = () => {
    if (found === null) {
      found = CANDIDATES.find((p) => spawnSync(p, ['-c', `import ${module}`]).status === 0);
    }
    if (found === undefined) throw new Unable(`python3 has no ${module}`);
    return found;
  };
  const open = (kind: Kind) => (task: object, variant: Variant) =>
    openProcess(find(), `${module}_peer.py`, kind, task, variant);
  const network = (kind: Kind) => (task: Network, variant: Variant) =>
    open(kind)(given(task), variant);
  return {
    name,
    kinds: KINDS,
    variants: ({ threads }) =>
      ['default', 'avx512'].flatMap((build) => threads.map((n) => ({ build, threads: n }))),
    open: {
      gemm: open('gemm'),
      elementwise: open('elementwise'),
      reduce: open('reduce'),
      train: network('train'),
      infer: network('infer'),
    },
  };
}

export const numpy = python('numpy', 'numpy', (task) => ({ ...task, ...perceptronOf(task) }));
export const torch = python('pytorch', 'torch', (task) => task);

/** Stopped while others run: threads of OpenBLAS and OpenMP spin for a while after their work. */
async function openProcess(
  path: string,
  script: string,
  kind: Kind,
  task: object,
  { build, threads }: Variant,
): Promise<Runner> {
  const child = spawn(path, [fileURLToPath(new URL(`python/${script}`, import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      PYTHONDONTWRITEBYTECODE: '1',
      OMP_NUM_THREADS: `${threads}`,
      OPENBLAS_NUM_THREADS: `${threads}`,
      ...(build === 'avx512' ? AVX512 : {}),
    },
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const ask = async (request: object): Promise<unknown> => {
    child.kill('SIGCONT');
    child.stdin.write(`${JSON.stringify(request, encode)}\n`);
    const { done, value } = await lines.next();
    child.kill('SIGSTOP');
    if (done) throw new Error(`${script} ended: ${child.exitCode}`);
    return JSON.parse(value);
  };
  const dispose = () => void child.kill('SIGKILL');
  const { openblas } = (await ask({ kind, task })) as { openblas: boolean };
  if (!openblas && build === 'avx512') {
    dispose();
    throw new Unable('has no OpenBLAS (Debian: apt-get install libopenblas0-pthread)');
  }
  return {
    ...(openblas ? {} : { note: 'without OpenBLAS' }),
    run: async (steps) => void (await ask({ run: steps })),
    reset: async () => void (await ask({ reset: true })),
    output: async () => (await ask({ output: true })) as number[],
    dispose,
  };
}

function encode(_: string, value: unknown): unknown {
  if (!(value instanceof Float32Array || value instanceof Int32Array)) return value;
  const dtype = value instanceof Float32Array ? 'f4' : 'i4';
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  return { base64: bytes.toString('base64'), dtype };
}
