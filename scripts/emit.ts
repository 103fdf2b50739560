/**
 * Compiles `src` to `dist`, file by file for bundlers, and joins it in `dist/node` for Node, which starts faster from few
 * and small files, in `dist/browser` for pages without a bundler, without builds in `dist/slim`, without training in
 * `dist/infer`. All lie as deep beside `build` as `src/runtime`, so that `../../build/` is right in each. Nothing is done where
 * nothing has changed.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type InputOptions, type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { atOnce, bundleInference } from './inference.ts';
import { type Built, isFresh, stamp } from './stamp.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const dist = `${root}dist`;
const built: Built = {
  stamp: 'build/dist.hash',
  sources: ['src/**/*', 'scripts/{emit,inference}.ts', 'tsconfig*.json'],
  outputs: ['dist/**/*'],
  packages: ['typescript', 'rolldown', '@types/node', '@assemblyscript/loader', 'csv-parse'],
};
if (isFresh(root, built)) process.exit(0);

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

const BUILD = /\/build\/[\w-]+\.js$/;
const builds: Plugin = {
  name: 'builds stay where they are',
  resolveId: (id) => (BUILD.test(id) ? { id, external: true } : null),
};
const noChunks = instead(/\/chunks\.js$/, 'noChunks', 'export const CHUNKS = {};');
const noTurbo = instead(
  /\/(turbo[\w-]*|workerText)\.js$/,
  'noTurbo',
  `throw new Error('it is for Node');`,
);

/** One module in place of all whose path matches. */
function instead(pattern: RegExp, name: string, source: string): Plugin {
  return {
    name,
    resolveId: (id) => (pattern.test(id) ? `/${name}.js` : null),
    load: (id) => (id === `/${name}.js` ? source : null),
  };
}

/** The workers' script: one file, and its text for programs in Node that are bundled into one. */
await bundle('worker', { input: `${dist}/runtime/worker.js` }, { minify: true });
const workerText = JSON.stringify(readFileSync(`${dist}/worker/worker.js`, 'utf8'));
writeFileSync(`${dist}/runtime/workerText.js`, `export const WORKER = ${workerText};\n`);

/** With threads, which every program in Node has. */
const library = atOnce(
  `${dist}/index.js`,
  `${dist}/runtime/team.js`,
  `${dist}/runtime/nodeWorker.js`,
  `${dist}/runtime/addressSpace.js`,
);
await bundle(
  'node',
  {
    input: { index: `${dist}/index.js`, cli: `${dist}/cli/main.js` },
    platform: 'node',
    external: [/^node:/, /^csv-parse/, 'jimp', 'sharp'],
    plugins: [builds, library.plugin],
  },
  {
    minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
    ...library.output,
  },
);
const HELPER = `import './rolldown-runtime.js';`;
/** All in one folder, for pages without a bundler. */
await page('browser', `${dist}/index.js`, [noTurbo]);
await page('slim', `${dist}/slim.js`, [noTurbo, noChunks]);
mkdirSync(`${dist}/infer`);
for (const { fileName, code } of await bundleInference(true))
  writeFileSync(`${dist}/infer/${fileName}`, code);
for (const folder of ['runtime', 'node', 'browser', 'slim'])
  copyFileSync(`${dist}/worker/worker.js`, `${dist}/${folder}/worker.js`);
for (const path of ['worker', 'slim.js', 'infer.js'])
  rmSync(`${dist}/${path}`, { recursive: true });
mkdirSync(`${root}build`, { recursive: true });
stamp(root, built);

/** One file, and what is loaded when it is asked for. */
function page(folder: string, entry: string, plugins: readonly Plugin[]): Promise<void> {
  const { plugin, output } = atOnce(entry);
  return bundle(
    folder,
    { input: { index: entry }, platform: 'browser', plugins: [...plugins, plugin] },
    // What `main.js` imports is asked for beside it, not behind it.
    { minify: true, banner: ({ isEntry }) => (isEntry ? HELPER : ''), ...output },
  );
}

async function bundle(
  folder: string,
  options: InputOptions,
  output: OutputOptions = {},
): Promise<void> {
  const joined = await rolldown(options);
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
