/** A program for Node in one file, away from the package and its files. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { beforeAll, expect, test } from 'vitest';
import { root, run, temporary } from './support.ts';

const folder = temporary('bundled');
const DEFINE = { 'import.meta.url': 'undefined' };
const FORMATS = {
  'ES module': { format: 'esm', file: 'program.mjs', define: {} },
  CommonJS: { format: 'cjs', file: 'program.cjs', define: {} },
  'CommonJS as esbuild writes it': { format: 'cjs', file: 'other.cjs', define: DEFINE },
} as const;

beforeAll(async () => {
  run('npm', ['run', '--silent', 'build:js'], root);
  for (const { format, file, define } of Object.values(FORMATS)) {
    const joined = await rolldown({
      input: join(root, 'tests/package/fixtures/node-bundled/program.js'),
      platform: 'node',
      resolve: { alias: { wasmgrad: join(root, 'dist/node/index.js') } },
      transform: { define },
      external: ['jimp', 'sharp'],
      logLevel: 'silent',
    });
    await joined.write({ dir: folder, entryFileNames: file, format, codeSplitting: false });
    await joined.close();
  }
  // Not ours.
  writeFileSync(join(folder, 'worker.js'), 'setInterval(() => {}, 1000);');
}, 120_000);

const runProgram = (file: string, ...flags: string[]) =>
  JSON.parse(run(process.execPath, [...flags, file], folder));

test.each(Object.entries(FORMATS))('%s: it trains, on threads too', (_, { file }) => {
  const [standard, two, own, worker] = runProgram(file);
  for (const { answer } of [standard, two, own, worker]) expect(answer).toBe(7);
  expect(standard.kind).toBe('team');
  expect(two).toMatchObject({ kind: 'team', threads: 2, reasons: [] });
  expect(own.kind).toBe('team');
  expect(worker).toMatchObject({ kind: 'worker', threads: 1 });
});

test.each(Object.entries(FORMATS))('%s: without workers on the calling thread', (_, { file }) => {
  const results = runProgram(file, '--permission', '--allow-fs-read=*');
  for (const { answer, kind, threads, reasons } of results) {
    expect({ answer, kind, threads }).toEqual({ answer: 7, kind: 'inline', threads: 1 });
    expect(reasons.at(-1)).toMatch(/^on the calling thread: .*(restricted|access|permission)/i);
  }
});
