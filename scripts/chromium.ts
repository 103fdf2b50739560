import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const FOLDERS = ['/usr/bin', '/usr/local/bin'];
const PLACES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
];

/** Folders and paths beside PATH where browsers are looked for, and Playwright's. */
export interface Places {
  readonly folders?: readonly string[];
  readonly paths?: readonly string[];
  readonly playwright?: () => Promise<string>;
}

/** Path of a Chromium or Chrome that starts: WASMGRAD_CHROMIUM, the system's, Playwright's; undefined if there is none. */
export async function findChromium({
  folders = FOLDERS,
  paths = PLACES,
  playwright = playwrights,
}: Places = {}): Promise<string | undefined> {
  const given = process.env['WASMGRAD_CHROMIUM'];
  if (given) {
    if (!existsSync(given)) throw new Error(`WASMGRAD_CHROMIUM is ${given}, which does not exist`);
    if (!starts(given)) throw new Error(`WASMGRAD_CHROMIUM is ${given}, which does not start`);
    return given;
  }
  const searched = [...(process.env['PATH'] ?? '').split(delimiter), ...folders];
  const candidates = searched.flatMap((folder) => NAMES.map((name) => join(folder, name)));
  return [...candidates, ...paths].find(starts) ?? [await playwright()].find(starts);
}

/** Ubuntu's `chromium-browser` only tells to install a snap. In Windows Chrome would open a window. */
function starts(path: string): boolean {
  if (!existsSync(path)) return false;
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], { stdio: 'ignore' }).status === 0;
}

async function playwrights(): Promise<string> {
  const { chromium } = await import('playwright');
  return chromium.executablePath();
}

/** Path of a browser that is there, or that the first of the roads installs that can. */
export async function obtainChromium(
  roads: readonly (() => boolean)[],
  places: Places = {},
): Promise<string> {
  for (const road of [() => true, ...roads]) {
    const path = road() && (await findChromium(places));
    if (path) return path;
  }
  throw new Error(
    'the browser tests need Chromium or Chrome: install one (Debian: apt-get install chromium; anywhere: npx playwright install --with-deps chromium) or set WASMGRAD_CHROMIUM to its path',
  );
}
