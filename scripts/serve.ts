/**
 * Serves the pages of `examples/browser` with the package's bundle: `npm run pages`. Builds what is missing.
 * `--no-isolation`: without the headers that allow shared memory, so that one thread runs. `--port N`: default any.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
export const BUNDLE = `${ROOT}dist/browser/index.js`;

/** Pages find the bundle where it lies beside them in the repository. */
export const PAGES: Readonly<Record<string, string>> = {
  '/examples/browser/': `${ROOT}examples/browser`,
  '/dist/browser/': `${ROOT}dist/browser`,
};

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
};

const ISOLATION = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export interface ServeOptions {
  /** Folders by the paths under which their files are; a path ends with a slash. */
  readonly folders: Readonly<Record<string, string>>;
  /** Where `/` leads, default nowhere. */
  readonly home?: string;
  /** Sends the headers that allow shared memory, default true. */
  readonly isolated?: boolean;
  /** Default 0: any that is free. */
  readonly port?: number;
}

export interface Server {
  /** Without a slash at its end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Serves files of some folders to this machine alone. */
export async function serve({
  folders,
  home,
  isolated = true,
  port = 0,
}: ServeOptions): Promise<Server> {
  const headers = { 'Cache-Control': 'no-cache', ...(isolated ? ISOLATION : {}) };
  const server = createServer(async ({ method, url = '/' }, response) => {
    if (method !== 'GET' && method !== 'HEAD') return end(response, 405, headers);
    const path = pathOf(url);
    if (path === '/' && home) return end(response, 302, { ...headers, Location: home });
    const file = path && fileFor(path, folders);
    const body = file && (await readFile(file).catch(() => undefined));
    if (!file || !body) return end(response, 404, headers);
    const type = TYPES[extname(file)] ?? 'application/octet-stream';
    end(response, 200, { ...headers, 'Content-Type': type, 'Content-Length': body.length }, body);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function end(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string | number>>,
  body: Uint8Array | string = status === 200 ? '' : `${status}\n`,
): void {
  response.writeHead(status, headers).end(body);
}

/** The path of a request, decoded; undefined when it is none. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.split(/[?#]/, 1)[0] as string);
  } catch {
    return undefined;
  }
}

/** The file that a path means; undefined unless it lies within its folder. */
export function fileFor(
  path: string,
  folders: Readonly<Record<string, string>>,
): string | undefined {
  const prefix = Object.keys(folders).find((p) => path.startsWith(p));
  if (!prefix || path.includes('\0') || path.includes('\\')) return undefined;
  try {
    const folder = realpathSync(folders[prefix] as string);
    const file = realpathSync(join(folder, path.slice(prefix.length)));
    return file.startsWith(folder + sep) ? file : undefined;
  } catch {
    return undefined;
  }
}

/** Runs the package's build unless its bundle for browsers is there. */
export function buildBundle(): void {
  if (existsSync(BUNDLE)) return;
  console.log('builds dist/browser, once');
  const { status } = spawnSync('npm', ['run', 'build'], { cwd: ROOT, stdio: 'inherit' });
  if (status !== 0) throw new Error('npm run build failed');
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      isolation: { type: 'boolean', default: true },
      port: { type: 'string', default: '0' },
    },
    allowNegative: true,
  });
  buildBundle();
  const { url } = await serve({
    folders: PAGES,
    home: '/examples/browser/index.html',
    isolated: values.isolation,
    port: Number(values.port),
  });
  const about = values.isolation ? 'isolated: threads' : 'not isolated: one thread';
  console.log(`${url}/ (${about}; Ctrl+C ends)`);
  for (const page of ['draw', 'train', 'measure'])
    console.log(`  ${url}/examples/browser/${page}.html`);
}

if (import.meta.main) await main();
