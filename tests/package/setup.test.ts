import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, onTestFinished, test, vi } from 'vitest';
import { findChromium } from '../../scripts/chromium.ts';

afterEach(() => vi.unstubAllEnvs());

function fakeBrowser(): { folder: string; path: string } {
  const folder = mkdtempSync(join(tmpdir(), 'wasmgrad-chromium-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'chromium');
  writeFileSync(path, '');
  chmodSync(path, 0o755);
  return { folder, path };
}

test('WASMGRAD_CHROMIUM comes first, and must exist', async () => {
  const { path } = fakeBrowser();
  vi.stubEnv('WASMGRAD_CHROMIUM', path);
  expect(await findChromium()).toBe(path);
  vi.stubEnv('WASMGRAD_CHROMIUM', `${path}-missing`);
  await expect(findChromium()).rejects.toThrow(/WASMGRAD_CHROMIUM is .* does not exist/);
});

test('a browser in PATH is found', async () => {
  const { folder, path } = fakeBrowser();
  vi.stubEnv('WASMGRAD_CHROMIUM', '');
  vi.stubEnv('PATH', folder);
  expect(await findChromium()).toBe(path);
});
