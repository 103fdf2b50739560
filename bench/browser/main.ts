/** The benchmark in a page of Chromium, in turns with Node: `npm run bench:browser -- --suite gemm,train,infer`. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright';
import { findChromium } from '../../scripts/chromium.ts';
import { buildBundle, type Server, serve } from '../../scripts/serve.ts';
import { OptionError } from '../../src/runtime/errors.ts';
import { Engines } from '../engines.ts';
import { formatVerdicts, judge, PAGE_GOALS } from '../goals.ts';
import { machine } from '../machine.ts';
import { chooseCases, type Options, parseOptions } from '../options.ts';
import { installPeers } from '../peers/load.ts';
import { startupCase } from '../suites/startup.ts';
import { TIMED } from '../suites/timed.ts';
import type { Missing } from '../types.ts';
import { bundlePage } from './bundle.ts';
import type { BenchPage } from './page.ts';
import { Session, type Settings } from './session.ts';
import { measureStartup } from './startup.ts';
import {
  besideNode,
  formatMissingThere,
  formatPageRow,
  type PageRow,
  pageHead,
  summary,
} from './table.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
/** In a page a start is a navigation. */
const startup = { name: 'startup', cases: [{ ...startupCase, name: 'startup/page' }] };
const SUITES = [...TIMED, startup];
const DEFAULT_SUITES = ['gemm', 'train', 'infer', 'startup'];
/** Turns of the page and of Node in each case. */
const TURNS = 4;
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
];

const USAGE = `npm run bench:browser -- [options]
  --suite gemm,train      default ${DEFAULT_SUITES}; also elementwise, reduce, vectorise
  --filter 512,mlp        only cases whose names contain one of these
  --threads 1,2           numbers of threads, default 1,2
  --build simd,relaxed    builds, default simd,relaxed; also f64
  --seconds 0.5           time for each contestant in each case, in the page as in Node
  --json FILE             write the report to FILE`;

type Global = { bench: BenchPage };

/** The page's session, reached by messages. */
class RemoteSession {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(browser: Browser, { url }: Server, settings: Settings): Promise<RemoteSession> {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`page: ${error.message}`));
    await page.goto(`${url}/bench/browser/page.html`);
    await page.waitForFunction(() => 'bench' in globalThis);
    await page.evaluate((given) => {
      const { bench } = globalThis as unknown as Global;
      bench.session = bench.openSession(given);
    }, settings);
    return new RemoteSession(page);
  }

  open(name: string) {
    return this.#page.evaluate(
      (n) => (globalThis as unknown as Global).bench.session?.open(n),
      name,
    );
  }

  run(share: number) {
    return this.#page.evaluate(
      (s) => (globalThis as unknown as Global).bench.session?.run(s),
      share,
    );
  }

  close() {
    return this.#page.evaluate(() => (globalThis as unknown as Global).bench.session?.close());
  }

  end() {
    return this.#page.evaluate(() => (globalThis as unknown as Global).bench.session?.end());
  }
}

interface Found {
  readonly rows: PageRow[];
  readonly missing: (Missing & { readonly place: string })[];
}

/** One case: page and Node warm up, then take turns. */
async function measureCase(
  name: string,
  node: Session,
  page: RemoteSession,
  { rows, missing }: Found,
): Promise<void> {
  const absent = { page: (await page.open(name)) ?? [], node: await node.open(name) };
  for (let turn = 1; turn <= TURNS; turn++) {
    await node.run(turn / TURNS);
    await page.run(turn / TURNS);
  }
  const found = besideNode((await page.close()) ?? [], node.close());
  for (const row of found) console.log(formatPageRow(row));
  rows.push(...found);
  for (const [place, list] of Object.entries(absent)) {
    for (const m of list) {
      missing.push({ ...m, place });
      console.log(formatMissingThere(place, m));
    }
  }
}

async function measureTimed(
  browser: Browser,
  server: Server,
  names: readonly string[],
  settings: Settings,
  found: Found,
): Promise<void> {
  const page = await RemoteSession.open(browser, server, settings);
  const node = new Session(new Engines(), settings);
  console.log(pageHead());
  for (const name of names) await measureCase(name, node, page, found);
  const peaks = besideNode((await page.end()) ?? [], await node.end());
  for (const row of peaks) console.log(formatPageRow(row));
  console.log(summary(found.rows));
  found.rows.push(...peaks);
}

async function measureAll(browser: Browser, server: Server, options: Options): Promise<void> {
  const { builds, threads, seconds, json } = options;
  const host = machine();
  const chromiumVersion = browser.version();
  console.log(`${host.cpu}, ${host.cores} cores · Chromium ${chromiumVersion} · Node ${host.node}`);
  const cases = chooseCases(options, SUITES);
  const timed = cases.filter((c) => c.kind !== 'startup').map((c) => c.name);
  const found: Found = { rows: [], missing: [] };
  if (timed.length > 0)
    await measureTimed(browser, server, timed, { builds, threads, seconds }, found);
  if (cases.length > timed.length)
    found.rows.push(await measureStartup(browser, server, console.log));
  const goals = judge(found.rows, PAGE_GOALS);
  console.log(formatVerdicts(goals));
  const report = { machine: { ...host, chromium: chromiumVersion }, ...found, goals };
  if (json) writeFileSync(json, `${JSON.stringify(report, null, 1)}\n`);
  if (found.missing.some((m) => m.wrong && m.contestant === 'wasmgrad')) process.exitCode = 1;
}

/** Everything that pages ask for; what is made for them lies in `folder`. */
async function serveBench(folder: string): Promise<Server> {
  await bundlePage(folder);
  const task = startupCase.task();
  const plain = { ...task, weights: task.weights.map((w) => [...w]), x: [...task.x] };
  writeFileSync(join(folder, 'startup.json'), JSON.stringify(plain));
  return serve({
    folders: {
      '/bench/browser/': `${ROOT}bench/browser`,
      '/bench/': folder,
      '/dist/browser/': `${ROOT}dist/browser`,
      '/peers/': `${ROOT}bench/peers/node_modules`,
    },
  });
}

async function main(args: readonly string[]): Promise<void> {
  const names = SUITES.map((s) => s.name);
  const chosen = args.some((a) => a.startsWith('--suite')) ? [] : ['--suite', `${DEFAULT_SUITES}`];
  const options = parseOptions([...chosen, ...args], names);
  buildBundle();
  if (options.suites.includes('infer')) installPeers(console.log);
  const executablePath = await findChromium();
  const folder = mkdtempSync(join(tmpdir(), 'wasmgrad-bench-'));
  const server = await serveBench(folder);
  const browser = await chromium.launch({
    args: FLAGS,
    ...(executablePath ? { executablePath } : {}),
  });
  try {
    await measureAll(browser, server, options);
  } finally {
    await browser.close();
    await server.close();
    rmSync(folder, { recursive: true });
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 1;
}
