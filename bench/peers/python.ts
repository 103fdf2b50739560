import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Contestant, type Kind, Unable } from '../types.ts';
import { remote } from './process.ts';

const KINDS: readonly Kind[] = ['gemm', 'elementwise', 'reduce', 'train', 'infer'];
const CANDIDATES = ['/usr/bin/python3', 'python3'];
/** Kernels that OpenBLAS does not choose by itself on processors it does not know. */
const AVX512 = { OPENBLAS_CORETYPE: 'SkylakeX' };

/** A module of Python. */
function python(name: string, module: string): Contestant {
  let found: string | undefined | null = null;
  const find = () => {
    if (found === null) {
      found = CANDIDATES.find((p) => spawnSync(p, ['-c', `import ${module}`]).status === 0);
    }
    if (found === undefined) throw new Unable(`python3 has no ${module}`);
    return found;
  };
  return remote({
    name,
    kinds: KINDS,
    opens: KINDS,
    variants: ({ threads }) =>
      ['default', 'avx512'].flatMap((build) => threads.map((n) => ({ build, threads: n }))),
    host: ({ build, threads }) => ({
      command: find(),
      args: [fileURLToPath(new URL(`python/${module}_peer.py`, import.meta.url))],
      env: {
        PYTHONDONTWRITEBYTECODE: '1',
        OMP_NUM_THREADS: `${threads}`,
        OPENBLAS_NUM_THREADS: `${threads}`,
        ...(build === 'avx512' ? AVX512 : {}),
      },
    }),
  });
}

export const numpy = python('numpy', 'numpy');
export const torch = python('pytorch', 'torch');
