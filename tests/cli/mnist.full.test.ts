import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));

describe.skipIf(!existsSync(join(DATA, 'mnist')))('images of ../shared, without a flag', () => {
  test.each([
    ['mnist', 0.982],
    ['fashion-mnist', 0.885],
  ])('%s', (name, least) => {
    using folder = temporaryFolder();
    const { status } = wasmgrad(['train', '--data', join(DATA, name), '--json', 'report.json'], {
      cwd: folder.path,
    });
    expect(status).toBe(0);
    const report = JSON.parse(readFileSync(join(folder.path, 'report.json'), 'utf8'));
    expect(report.sizes.test).toBe(10_000);
    expect(report.testAccuracy).toBeGreaterThanOrEqual(least);
    expect(report.seconds).toBeLessThan(120);
  });
});
