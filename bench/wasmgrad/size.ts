import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { OutputChunk } from 'rolldown';
import { type SizeTask, Unable, type Weight } from '../types.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const WORKER = `${root}src/runtime/worker.ts`;

/** Names of what a bundle re-exports; none: everything. */
const BUNDLES: Readonly<Record<string, { names?: string; build?: string }>> = {
  library: {},
  inference: { names: 'loadModel', build: 'relaxed-shared' },
};

/** Bytes, and bytes compressed by gzip, of a build or a bundle. */
export async function weigh({ artifact }: SizeTask): Promise<Weight> {
  const bundle = BUNDLES[artifact];
  if (!bundle) return sizesOf([await kernels(artifact)]);
  const parts = await bundled(bundle.names ? `{ ${bundle.names} }` : '*');
  const build = bundle.build ? [await kernels(`${bundle.build}.js`)] : [];
  const note = 'minified by rolldown, with the worker, without what loads lazily';
  return { ...sizesOf([...parts, ...build]), note };
}

async function kernels(file: string): Promise<Uint8Array> {
  try {
    return await readFile(`${root}build/${file}`);
  } catch (cause) {
    throw new Unable(`build/${file} is missing: npm run build:kernels`, { cause });
  }
}

/** Files are compressed one by one, as they are sent. */
function sizesOf(files: readonly Uint8Array[]): Weight {
  const total = (size: (file: Uint8Array) => number) => files.reduce((n, f) => n + size(f), 0);
  return { bytes: total((f) => f.length), gzip: total((f) => gzipSync(f, { level: 9 }).length) };
}

/** The files that a page loads at once for `import … from 'wasmgrad'`, and the worker's. */
async function bundled(names: string): Promise<Uint8Array[]> {
  const { rolldown } = await import('rolldown').catch((cause) => {
    throw new Unable('rolldown is missing', { cause });
  });
  const bundle = await rolldown({
    input: { main: 'virtual:main', worker: WORKER },
    platform: 'browser',
    external: [/^node:/, /^sharp$/, /^jimp$/, /\/build\//],
    logLevel: 'silent',
    plugins: [
      {
        name: 'main',
        resolveId: (id) => (id === 'virtual:main' ? id : null),
        load: (id) =>
          id === 'virtual:main'
            ? `export ${names} from ${JSON.stringify(`${root}src/index.ts`)}`
            : null,
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm', minify: true });
  await bundle.close();
  const chunks = new Map(output.filter((o) => o.type === 'chunk').map((c) => [c.fileName, c]));
  return atOnce(chunks).map((c) => Buffer.from(c.code));
}

/** The entries and what they import before they run. */
function atOnce(chunks: ReadonlyMap<string, OutputChunk>): OutputChunk[] {
  const found = new Set([...chunks.values()].filter((c) => c.isEntry));
  for (const { imports } of found) {
    for (const name of imports) {
      const chunk = chunks.get(name);
      if (chunk) found.add(chunk);
    }
  }
  return [...found];
}
