import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.ts': 'text/javascript',
};

export interface PageServer {
  readonly port: number;
  /** Sent with everything from now on. */
  headers: Readonly<Record<string, string>>;
  /** Files that are not found from now on. */
  hidden: readonly string[];
  close(): void;
}

const source = (path: string) => fileURLToPath(new URL(`../../src/${path}`, import.meta.url));

/** The library in a folder of its own, its worker where it looks for it. */
async function bundle(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'wasmgrad-page-'));
  const entries = { 'index.js': 'index.ts', 'worker.ts': 'runtime/worker.ts' };
  for (const [name, path] of Object.entries(entries)) {
    const external = ['jimp', 'sharp'];
    const bundled = await rolldown({ input: source(path), platform: 'browser', external });
    await bundled.write({ dir, format: 'esm', entryFileNames: name });
    await bundled.close();
  }
  return dir;
}

/** Serves the library and `files`, with headers that tests choose. */
export async function servePage(files: Readonly<Record<string, string>>): Promise<PageServer> {
  const dir = await bundle();
  const content = (name: string) => files[name] ?? readFileSync(join(dir, name));
  const server = createServer((request, response) => {
    const name = new URL(request.url ?? '/', 'http://host').pathname.slice(1) || 'index.html';
    try {
      if (page.hidden.includes(name)) throw new Error('hidden');
      const body = content(name);
      response.writeHead(200, { ...page.headers, 'content-type': TYPES[extname(name)] });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const page: PageServer = {
    port: (server.address() as AddressInfo).port,
    headers: {},
    hidden: [],
    close() {
      server.close();
      rmSync(dir, { recursive: true, force: true });
    },
  };
  return page;
}
