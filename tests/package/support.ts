import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, extname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Response } from 'playwright';
import { afterAll } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));
const fixtures = join(root, 'tests/package/fixtures');
/** npm tries for minutes otherwise. */
const ONCE_AGAIN = [
  '--fetch-retries=1',
  '--fetch-retry-maxtimeout=2000',
  '--fetch-retry-mintimeout=500',
];
export const INSTALL = ['install', '--no-audit', '--no-fund', '--prefer-offline', ...ONCE_AGAIN];
export const NO_REGISTRY = 'no package registry can be reached';
/** In what npm says where it reaches no registry. */
export const OFFLINE = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENOTCACHED|E50\d/;
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.wasm': 'application/wasm',
};
export const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Commands of the project's development packages are found first. */
export const environment = {
  ...process.env,
  PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH']}`,
  NO_COLOR: '1',
};

/** Standard output; throws with both outputs when the command fails. */
export function run(command: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: environment,
    shell: process.platform === 'win32',
  });
  if (status === 0) return stdout;
  throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}

/** A folder that is removed after the file's tests. */
export function temporary(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `wasmgrad-${name}-`));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface Packed {
  readonly tarball: string;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** Bytes of the tarball. */
  readonly size: number;
}

/** What `npm publish` would send. */
export function pack(folder: string): Packed {
  run('npm', ['run', '--silent', 'build:js'], root);
  const args = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder];
  const [packed] = JSON.parse(run('npm', args, root));
  return { tarball: join(folder, packed.filename), files: packed.files, size: packed.size };
}

/** A copy of a fixture with its own packages and ours in `node_modules`; undefined where there is no registry. */
export function install(fixture: string, tarball: string, folder: string): string | undefined {
  const copy = join(folder, fixture);
  mkdirSync(copy);
  for (const shared of ['index.html', 'main.js'])
    cpSync(join(fixtures, shared), join(copy, shared));
  cpSync(join(fixtures, fixture), copy, { recursive: true });
  try {
    run('npm', [...INSTALL, '--loglevel=error', tarball], copy);
    return copy;
  } catch (error) {
    if (OFFLINE.test(String(error))) return undefined;
    throw error;
  }
}

/** Serves a folder on a free port; `posted` is what a page sends there. */
export async function serve(folder: string, headers: Readonly<Record<string, string>>) {
  const posted = Promise.withResolvers<string>();
  const server = createServer(async (request, response) => {
    const { url, method } = request;
    if (method === 'POST') {
      posted.resolve(await text(request));
      return response.writeHead(204, headers).end();
    }
    const { pathname } = new URL(url ?? '/', 'http://localhost');
    const path = join(folder, pathname === '/' ? 'index.html' : pathname);
    try {
      const body = readFileSync(path);
      const type = TYPES[extname(path)] ?? 'application/octet-stream';
      response.writeHead(200, { ...headers, 'Content-Type': type }).end(body);
    } catch {
      response.writeHead(404, headers).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://localhost:${port}/`, posted: posted.promise, close: () => server.close() };
}

export interface Visit {
  /** What the page left in `globalThis.result`. */
  readonly result: Record<string, unknown>;
  /** Errors and warnings of its console. */
  readonly problems: readonly string[];
  /** Path and text of each script or binary, once however often it was asked for. */
  readonly loaded: ReadonlyMap<string, string>;
  /** Scripts of the workers it started. */
  readonly workers: readonly string[];
}

let browser: Promise<Browser> | undefined;

export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
}

/** Opens a page and waits for its result. */
export async function visit(url: string): Promise<Visit> {
  const executablePath = await findChromium();
  browser ??= chromium.launch({
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    ...(executablePath ? { executablePath } : {}),
  });
  const page = await (await browser).newPage();
  const problems: string[] = [];
  const workers: string[] = [];
  const responses: Response[] = [];
  page.on('console', (m) => {
    if (['error', 'warning'].includes(m.type())) problems.push(m.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('worker', (worker) => workers.push(worker.url()));
  page.on('response', (response) => responses.push(response));
  await page.goto(url);
  await page.waitForFunction('globalThis.result', undefined, { timeout: 60_000 });
  const result = (await page.evaluate('globalThis.result')) as Visit['result'];
  const loaded = await textsOf(responses);
  await page.close();
  return { result, problems, loaded, workers };
}

async function textsOf(responses: readonly Response[]): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (const response of responses) {
    const { pathname } = new URL(response.url());
    if (!texts.has(pathname)) texts.set(pathname, (await response.body()).toString('latin1'));
  }
  return texts;
}
