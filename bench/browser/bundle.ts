import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Joins the page's script and the library's worker, from the sources of this repository, in a folder. */
export async function bundlePage(folder: string): Promise<void> {
  const bundle = await rolldown({
    input: { page: `${root}bench/browser/page.ts`, worker: `${root}src/runtime/worker.ts` },
    platform: 'browser',
    external: [/^node:/, 'jimp', 'sharp', 'jsfive'],
    logLevel: 'silent',
  });
  await bundle.write({
    dir: folder,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: '[name].js',
  });
  await bundle.close();
}
