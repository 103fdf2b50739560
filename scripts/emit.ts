/**
 * Compiles `src` to `dist`, file by file for bundlers, and joins it in `dist/node` for Node, which starts faster from few
 * and small files. `dist/infer` is the bundle without training, for browsers and Node. All lie as deep beside `build` as
 * `src/runtime`, so that `../../build/` is right in each.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';
import { atOnce, bundleInference } from './inference.ts';

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

const builds: Plugin = {
  name: 'builds stay where they are',
  resolveId: (id) => (/\/build\/[\w-]+\.js$/.test(id) ? { id, external: true } : null),
};
const library = atOnce(`${dist}/index.js`, `${dist}/runtime/worker.js`);
const joined = await rolldown({
  input: {
    index: `${dist}/index.js`,
    worker: `${dist}/runtime/worker.js`,
    cli: `${dist}/cli/main.js`,
  },
  platform: 'node',
  external: [/^node:/, /^csv-parse/, 'jimp', 'sharp'],
  plugins: [builds, library.plugin],
});
await joined.write({
  dir: `${dist}/node`,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name].js',
  minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
  ...library.output,
});

mkdirSync(`${dist}/infer`);
for (const { fileName, code } of await bundleInference(true))
  writeFileSync(`${dist}/infer/${fileName}`, code);
writeFileSync(`${dist}/infer.js`, "export * from './infer/index.js';\n");
