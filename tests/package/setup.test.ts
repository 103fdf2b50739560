import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { findOther, missingOther } from '../../scripts/browsers.ts';
import { findChromium, obtainChromium, type Places } from '../../scripts/chromium.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wasmgrad-chromium-'));
  for (const name of ['CHROMIUM', 'FIREFOX', 'WEBKIT']) vi.stubEnv(`WASMGRAD_${name}`, '');
  vi.stubEnv('PATH', '');
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
});
afterEach(() => vi.unstubAllEnvs());

/** A script that takes the place of a browser. */
function fake(path: string, status = 0): string {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `#!/bin/sh\nexit ${status}\n`);
  chmodSync(file, 0o755);
  return file;
}

const missing = async () => join(folder, 'missing');
const nowhere: Places = { folders: [], paths: [], playwright: missing };

test('WASMGRAD_CHROMIUM comes first, and must exist and start', async () => {
  const path = fake('mine');
  fake('chromium');
  vi.stubEnv('PATH', folder);
  vi.stubEnv('WASMGRAD_CHROMIUM', path);
  expect(await findChromium(nowhere)).toBe(path);
  vi.stubEnv('WASMGRAD_CHROMIUM', `${path}-missing`);
  await expect(findChromium()).rejects.toThrow(/WASMGRAD_CHROMIUM is .* does not exist/);
  vi.stubEnv('WASMGRAD_CHROMIUM', fake('broken', 1));
  await expect(findChromium()).rejects.toThrow(/WASMGRAD_CHROMIUM is .* does not start/);
});

test("then PATH, the usual places, Playwright's; those that do not start are passed over", async () => {
  const own = fake('playwright/chrome');
  const places = { ...nowhere, playwright: async () => own };
  expect(await findChromium(places)).toBe(own);
  const app = fake('Applications/Chromium');
  expect(await findChromium({ ...places, paths: [app] })).toBe(app);
  const usual = fake('usr/google-chrome');
  expect(await findChromium({ ...places, paths: [app], folders: [dirname(usual)] })).toBe(usual);
  vi.stubEnv('PATH', join(folder, 'bin'));
  fake('bin/chromium', 1);
  const path = fake('bin/chromium-browser');
  expect(await findChromium({ ...places, folders: [dirname(usual)] })).toBe(path);
  expect(await findChromium({ ...nowhere, paths: [fake('broken', 1)] })).toBe(path);
  vi.stubEnv('PATH', '');
  expect(await findChromium(nowhere)).toBeUndefined();
});

test('what is missing is installed by the first road that can; if none can, it says what to do', async () => {
  const place = join(folder, 'late', 'chromium');
  const places = { ...nowhere, paths: [place] };
  const taken: string[] = [];
  const road = (name: string, works: boolean) => () => {
    taken.push(name);
    if (works) fake('late/chromium');
    return works;
  };
  await expect(obtainChromium([road('a', false)], places)).rejects.toThrow(
    /apt-get install chromium.*playwright install.*WASMGRAD_CHROMIUM/,
  );
  const roads = [road('debian', false), road('playwright', true), road('never', true)];
  expect(await obtainChromium(roads, places)).toBe(place);
  expect(await obtainChromium([road('never', true)], places)).toBe(place);
  expect(taken).toEqual(['a', 'debian', 'playwright']);
});

test('Firefox and WebKitGTK: the environment variable, then PATH; a missing one says what to do', () => {
  expect(missingOther('webkit')).toMatch(/no webkit: .*apt-get install .*xvfb.*WASMGRAD_WEBKIT/);
  vi.stubEnv('PATH', folder);
  const path = fake('firefox-esr');
  expect(findOther('firefox')).toBe(path);
  vi.stubEnv('WASMGRAD_FIREFOX', fake('mine'));
  expect(findOther('firefox')).toBe(join(folder, 'mine'));
  vi.stubEnv('WASMGRAD_WEBKIT', join(folder, 'nothing'));
  expect(() => findOther('webkit')).toThrow(/WASMGRAD_WEBKIT is .* does not exist/);
});

test('npm run setup says which browser it is, and fails with a sentence', () => {
  const script = fileURLToPath(new URL('../../scripts/setup.ts', import.meta.url));
  const setup = (path: string) =>
    spawnSync(process.execPath, [script], {
      encoding: 'utf8',
      env: { WASMGRAD_CHROMIUM: path, NODE_NO_WARNINGS: '1' },
    });
  const path = fake('chromium');
  expect(setup(path)).toMatchObject({ status: 0, stdout: `setup: ${path}\n`, stderr: '' });
  const failed = setup(join(folder, 'nothing'));
  expect(failed.status).toBe(1);
  expect(failed.stderr).toMatch(/^setup: WASMGRAD_CHROMIUM is .* does not exist\n$/);
});
