/**
 * Compiles `src` to `dist`, file by file for bundlers, and joins it in `dist/node` for Node, which starts faster from few
 * files. All lie as deep beside `build` as `src/runtime`, so that `../../build/` is right in each.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type InputOptions, type OutputOptions, type Plugin, rolldown } from 'rolldown';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist`;

rmSync(dist, { recursive: true, force: true });
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');
const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
if (status !== 0) process.exit(1);

/** What the compiler leaves: the worker's URL, and paths in declarations. */
for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const path = `${entry.parentPath}/${entry.name}`;
  const text = readFileSync(path, 'utf8');
  const pattern = entry.name.endsWith('.d.ts')
    ? /(['"]\.{1,2}\/[^'"]+)\.ts(['"])/g
    : /(['"]\.\/worker)\.ts(['"])/g;
  const rewritten = text.replace(pattern, '$1.js$2');
  if (rewritten !== text) writeFileSync(path, rewritten);
}

/** Node finds csv-parse and the builds where they lie. */
const builds: Plugin = {
  name: 'builds stay where they are',
  resolveId: (id) => (/\/build\/[\w-]+\.js$/.test(id) ? { id, external: true } : null),
};
await bundle('node', {
  input: { index: 'index.js', worker: 'runtime/worker.js', cli: 'cli/main.js' },
  platform: 'node',
  external: [/^node:/, /^csv-parse/, 'jimp', 'sharp'],
  plugins: [builds],
});

/** A page without a bundler gets all in one folder, each build as its own file. */
const noTurbo: Plugin = {
  name: 'turbo is for Node',
  load: (id) => (/\/turbo[\w-]*\.js$/.test(id) ? "throw new Error('it is for Node');" : null),
};
await bundlePage({ index: 'index.js' });
await bundlePage({ worker: 'runtime/worker.js' });

interface Bundle extends InputOptions {
  readonly input: Record<string, string>;
}

async function bundlePage(input: Record<string, string>): Promise<void> {
  const external = ['jimp', 'sharp'];
  await bundle(
    'browser',
    { input, platform: 'browser', external, plugins: [noTurbo] },
    { minify: true },
  );
}

async function bundle(folder: string, options: Bundle, output: OutputOptions = {}): Promise<void> {
  const entries = Object.entries(options.input).map(([name, path]) => [name, `${dist}/${path}`]);
  const joined = await rolldown({ ...options, input: Object.fromEntries(entries) });
  await joined.write({
    dir: `${dist}/${folder}`,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: ({ facadeModuleId }) =>
      facadeModuleId?.includes('csv-parse') ? 'csv-parse.js' : '[name].js',
    ...output,
  });
  await joined.close();
}
