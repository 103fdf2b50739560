import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  closeBrowser,
  environment,
  ISOLATION,
  install,
  NO_REGISTRY,
  pack,
  run,
  serve,
  temporary,
  type Visit,
  visit,
} from './support.ts';

const folder = temporary('bundlers');
let tarball: string;

beforeAll(() => {
  tarball = pack(folder).tarball;
}, 120_000);
afterAll(closeBrowser);

interface Site {
  readonly url: string;
  close(): unknown;
}

/** The fixture's own build, served as files. */
const built = (dist: string) => (app: string, isolated: boolean) =>
  serve(join(app, dist), isolated ? ISOLATION : {});

const SITES: Readonly<
  Record<string, { fixture: string; start(app: string, isolated: boolean): Promise<Site> }>
> = {
  'vite, dev server': { fixture: 'vite', start: viteServer },
  'vite, build': { fixture: 'vite', start: built('dist') },
  'vite 7, dev server': { fixture: 'vite7', start: viteServer },
  'vite 7, build': { fixture: 'vite7', start: built('dist') },
  webpack: { fixture: 'webpack', start: built('dist') },
  esbuild: { fixture: 'esbuild', start: built('dist') },
  'no bundler': { fixture: 'script', start: built('') },
};

const apps = new Map<string, string | undefined>();

/** The fixture installed and built, once. */
function app(fixture: string): string | undefined {
  if (!apps.has(fixture)) {
    const copy = install(fixture, tarball, folder);
    if (copy) build(copy);
    apps.set(fixture, copy);
  }
  return apps.get(fixture);
}

function build(copy: string): void {
  const { scripts } = JSON.parse(readFileSync(join(copy, 'package.json'), 'utf8'));
  if (!scripts?.build) return;
  const output = run('npm', ['run', '--silent', 'build'], copy);
  expect(output).not.toMatch(/critical dependency|can't resolve|externalized/i);
  const page = join(copy, 'dist/index.html');
  if (!existsSync(page)) cpSync(join(copy, 'index.html'), page);
}

/** As `npm run dev` starts it; resolves when it says where it is. */
async function viteServer(copy: string, isolated: boolean): Promise<Site> {
  const vite = join(copy, 'node_modules/vite/bin/vite.js');
  const env = isolated ? { ...environment, ISOLATED: '1' } : environment;
  const child: ChildProcess = spawn(process.execPath, [vite], { cwd: copy, env });
  const url = await new Promise<string>((resolve, reject) => {
    let said = '';
    child.stdout?.on('data', (text) => {
      said += text;
      const found = /http:\/\/localhost:\d+\//.exec(said);
      if (found) resolve(found[0]);
    });
    child.on('exit', () => reject(new Error(`vite ended: ${said}`)));
  });
  return { url, close: () => child.kill() };
}

/** Names of the inlined builds among what a page loaded. */
function buildsIn({ loaded }: Visit, copy: string): string[] {
  const builds = join(copy, 'node_modules/wasmgrad/build');
  const names = readdirSync(builds).filter((name) => name.endsWith('.js'));
  return names.filter((name) => {
    const [content] = /[\w+/=]{1000,}/.exec(readFileSync(join(builds, name), 'utf8')) ?? [];
    expect(content).toBeDefined();
    return [...loaded.values()].some((text) => text.includes(content as string));
  });
}

describe.each(Object.entries(SITES))('%s', (_, { fixture, start }) => {
  test.for([false, true])('trains and predicts; isolated: %s', async (isolated, { skip }) => {
    const copy = app(fixture) ?? skip(NO_REGISTRY);
    const site = await start(copy, isolated);
    try {
      const page = await visit(site.url);
      expect(page.problems).toEqual([]);
      expect(page.result).toMatchObject({
        answers: [0, 1, 1, 0],
        rows: [['x "y"', '2']],
        error: 'ShapeError',
        info: isolated
          ? { kind: 'team', sharedMemory: true, reasons: [] }
          : { kind: 'worker', threads: 1, reasons: [expect.stringMatching(/COOP and COEP/)] },
      });
      const { build, threads } = page.result['info'] as { build: string; threads: number };
      expect(buildsIn(page, copy)).toEqual([`${build}${isolated ? '-shared' : ''}.js`]);
      expect(page.workers).toHaveLength(threads);
      expect(new Set(page.workers).size).toBe(1);
    } finally {
      site.close();
    }
  });
});

test.for([false, true])('slim fetches the binary; isolated: %s', async (isolated, { skip }) => {
  const copy = app('script') ?? skip(NO_REGISTRY);
  const site = await serve(copy, isolated ? ISOLATION : {});
  try {
    const page = await visit(`${site.url}slim.html`);
    expect(page.problems).toEqual([]);
    expect(page.result).toMatchObject({
      answers: [7],
      info: { build: 'simd', kind: isolated ? 'team' : 'worker', sharedMemory: isolated },
      error: expect.stringMatching(/^OptionError: wasmgrad\/slim holds no builds.*`wasm`/),
    });
    expect(buildsIn(page, copy)).toEqual([]);
    const binaries = [...page.loaded.keys()].filter((path) => path.endsWith('.wasm'));
    expect(binaries).toEqual([expect.stringMatching(isolated ? /simd-shared/ : /simd\./)]);
  } finally {
    site.close();
  }
});
