import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const cwd = fileURLToPath(new URL('../../', import.meta.url));

test.each(['lint', 'typecheck'])('npm run %s', { timeout: 120_000 }, (script) => {
  const { stdout, stderr, status } = spawnSync('npm', ['run', '--silent', script], {
    cwd,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(status, `${stdout}${stderr}`).toBe(0);
});
