/**
 * Finds what the tests need from the system, and installs it where it can: a Chromium or Chrome; with the argument `full`
 * also Firefox and WebKitGTK, without which their tests are left out; with `torch` PyTorch for Debian's Python instead.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { findOther, missingOther, OTHERS, type OtherName } from './browsers.ts';
import { obtainChromium } from './chromium.ts';

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: ['ignore', 'inherit', 'inherit'] }).status === 0;
}

function isDebian(): boolean {
  const file = '/etc/os-release';
  return existsSync(file) && /^ID=debian$/m.test(readFileSync(file, 'utf8'));
}

/** Ubuntu's `chromium` is a snap, so this is for Debian alone. */
function debianInstalls(...names: readonly string[]): boolean {
  if (!isDebian() || process.getuid?.() !== 0) return false;
  console.log(`setup: installing ${names.join(', ')}`);
  const quiet = ['-qq', '-o', 'Dpkg::Use-Pty=0'];
  succeeds('apt-get', 'update', ...quiet);
  const env = [
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    'install',
    '-y',
    '--no-install-recommends',
    ...quiet,
  ];
  return succeeds('env', ...env, ...names);
}

function playwrightInstalls(): boolean {
  const manifest = createRequire(import.meta.url).resolve('playwright/package.json');
  const cli = join(dirname(manifest), 'cli.js');
  const libraries = process.getuid?.() === 0 ? ['--with-deps'] : [];
  return succeeds(process.execPath, cli, 'install', ...libraries, 'chromium');
}

async function chromium(): Promise<void> {
  const path = await obtainChromium([() => debianInstalls('chromium'), playwrightInstalls]);
  console.log(`setup: ${path}`);
}

function others(): void {
  for (const name of Object.keys(OTHERS) as OtherName[]) {
    if (!findOther(name)) debianInstalls(...OTHERS[name].packages);
    const path = findOther(name);
    console.log(`setup: ${path ?? `${missingOther(name)}; its tests are left out`}`);
  }
}

function torch(): void {
  const found = () =>
    succeeds('/usr/bin/python3', '-c', 'import torch; print("setup: torch", torch.__version__)');
  if (found() || (debianInstalls('python3-torch') && found())) return;
  fail(
    'the golden figures need PyTorch for /usr/bin/python3 (Debian: apt-get install python3-torch)',
  );
}

function fail(why: string): void {
  console.error(`setup: ${why}`);
  process.exitCode = 1;
}

if (process.argv[2] === 'torch') torch();
else {
  await chromium().catch((error: Error) => fail(error.message));
  if (process.argv[2] === 'full') others();
}
