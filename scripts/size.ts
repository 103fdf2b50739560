/**
 * What pages download, compressed by gzip: `npm run size -- --json FILE`. `inference`: `wasmgrad/infer` and the one build that it
 * loads; `full`: all that `import * from 'wasmgrad'` reaches at once, minified, and one build. What loads later, when it is asked
 * for, is listed behind; so is the script of workers, which a page loads, too. Fails above the budgets.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { type OutputChunk, rolldown } from 'rolldown';
import { atOnce, bundleInference } from './inference.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
export const BUDGETS = { inferenceGzip: 50_000, fullGzip: 120_000 } as const;

interface Part {
  readonly name: string;
  readonly gzip: number;
}

export interface Sizes {
  readonly inferenceGzip: number;
  readonly fullGzip: number;
  /** What is loaded at once. */
  readonly inference: readonly Part[];
  readonly full: readonly Part[];
  /** What may follow. */
  readonly inferenceLater: readonly Part[];
  readonly fullLater: readonly Part[];
  /** Characters of each module in the full bundle before it is minified. */
  readonly modules: Readonly<Record<string, number>>;
}

function gzip(bytes: Uint8Array | string): number {
  return gzipSync(bytes, { level: 9 }).length;
}

const build = (target: string) => file(`build/${target}.js`);

function file(name: string): Part {
  return { name, gzip: gzip(readFileSync(`${root}${name}`)) };
}

async function bundleAll(minify: boolean): Promise<OutputChunk[]> {
  const entry = `${root}src/index.ts`;
  const { plugin, output: joined } = atOnce(entry);
  const bundle = await rolldown({
    input: { index: entry },
    /** As in an application, whose entry exports nothing: no module that only gives the exports their names. */
    preserveEntrySignatures: 'allow-extension',
    plugins: [plugin],
    platform: 'browser',
    external: [/^node:/, /^sharp$/, /^jimp$/, /\/build\/[\w-]+\.js$/],
    treeshake: { moduleSideEffects: false },
    logLevel: 'silent',
  });
  const { output } = await bundle.generate({ format: 'esm', minify, ...joined });
  await bundle.close();
  return output.filter((o) => o.type === 'chunk');
}

/** The entry with all that it imports, and the rest. */
function split(chunks: readonly OutputChunk[]): { now: Part[]; later: Part[] } {
  const files = new Map(chunks.map((c) => [c.fileName, c]));
  const now = new Set(chunks.filter((c) => c.isEntry));
  for (const { imports } of now)
    for (const name of imports) if (files.has(name)) now.add(files.get(name) as OutputChunk);
  const part = ({ fileName, code }: OutputChunk) => ({
    name: fileName.replace(/-[\w-]{8}(?=\.js$)/, ''),
    gzip: gzip(code),
  });
  return { now: [...now].map(part), later: chunks.filter((c) => !now.has(c)).map(part) };
}

const total = (parts: readonly Part[]) => parts.reduce((sum, p) => sum + p.gzip, 0);

export async function measureSizes(): Promise<Sizes> {
  const [small, all] = [split(await bundleInference(true)), split(await bundleAll(true))];
  const inference = [...small.now, build('relaxed-infer')];
  const full = [...all.now, build('relaxed')];
  const modules = (await bundleAll(false)).flatMap((chunk) => Object.entries(chunk.modules));
  return {
    inferenceGzip: total(inference),
    fullGzip: total(full),
    inference,
    full,
    inferenceLater: small.later,
    fullLater: [...all.later, file('dist/runtime/worker.js')],
    modules: Object.fromEntries(
      modules
        .map(([id, { renderedLength }]) => [id.replace(root, ''), renderedLength] as const)
        .sort((a, b) => b[1] - a[1]),
    ),
  };
}

function table(
  title: string,
  budget: number,
  now: readonly Part[],
  later: readonly Part[],
): string {
  const line = ({ name, gzip: size }: Part) => `  ${name.padEnd(28)}${String(size).padStart(8)}`;
  return [
    `${title}: ${total(now)} bytes by gzip, at most ${budget}`,
    ...now.map(line),
    ...(later.length > 0 ? ['  later, when asked for:', ...later.map(line)] : []),
  ].join('\n');
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { json: { type: 'string' } } });
  const sizes = await measureSizes();
  if (values.json) writeFileSync(values.json, `${JSON.stringify(sizes, null, 2)}\n`);
  const { inference, inferenceLater, full, fullLater } = sizes;
  console.log(table('inference', BUDGETS.inferenceGzip, inference, inferenceLater));
  console.log(table('full', BUDGETS.fullGzip, full, fullLater));
  const over = Object.entries(BUDGETS).some(
    ([key, most]) => sizes[key as keyof typeof BUDGETS] > most,
  );
  if (over) process.exitCode = 1;
}
