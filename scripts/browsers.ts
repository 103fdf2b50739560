/** Browsers beside Chromium that the long tests use where they are: no driver, only a command that opens a page. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

interface Other {
  /** Says where it is. */
  readonly variable: string;
  readonly names: readonly string[];
  /** Patterns of paths beside PATH. */
  readonly places: readonly string[];
  /** Debian's packages. */
  readonly packages: readonly string[];
  command(path: string, url: string, profile: string): [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
}

export const OTHERS = {
  firefox: {
    variable: 'WASMGRAD_FIREFOX',
    names: ['firefox', 'firefox-esr'],
    places: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
    packages: ['firefox-esr'],
    command: (path, url, profile) => [path, '--headless', '--no-remote', '--profile', profile, url],
  },
  /** WebKitGTK's own small browser; it has no mode without a window. */
  webkit: {
    variable: 'WASMGRAD_WEBKIT',
    names: ['MiniBrowser'],
    places: ['lib/*', 'libexec', 'lib64'].map((p) => `/usr/${p}/webkit2gtk-4.*/MiniBrowser`),
    packages: ['libwebkit2gtk-4.1-0', 'xvfb', 'xauth'],
    command: (path, url) => ['xvfb-run', '-a', path, '--private', url],
    // Safari has it in isolated pages; WebKitGTK waits for separate processes.
    env: { JSC_useSharedArrayBuffer: '1' },
  },
} as const satisfies Readonly<Record<string, Other>>;

export type OtherName = keyof typeof OTHERS;

/** No first-run pages, no updates, and no question whether a script shall be stopped. */
const FIREFOX_PREFERENCES = `
user_pref('app.update.disabledForTesting', true);
user_pref('browser.aboutwelcome.enabled', false);
user_pref('browser.shell.checkDefaultBrowser', false);
user_pref('datareporting.policy.dataSubmissionEnabled', false);
user_pref('dom.max_script_run_time', 0);
`;

/** Its path: the environment variable's, or in PATH, or where it usually is; undefined if there is none. */
export function findOther(name: OtherName): string | undefined {
  const { variable, names, places }: Other = OTHERS[name];
  const given = process.env[variable];
  if (given && !existsSync(given)) throw new Error(`${variable} is ${given}, which does not exist`);
  if (given) return given;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const inPath = folders.flatMap((folder) => names.map((n) => join(folder, n)));
  return inPath.find((path) => existsSync(path)) ?? globSync([...places])[0];
}

/** What to do where there is none. */
export function missingOther(name: OtherName): string {
  const { packages, variable } = OTHERS[name];
  const debian = `Debian: apt-get install ${packages.join(' ')}`;
  return `there is no ${name}: install one (${debian}) or set ${variable} to its path`;
}

export interface OpenPage {
  /** Resolves when the browser has ended, with what it printed. */
  readonly ended: Promise<string>;
  close(): Promise<void>;
}

/** Opens a page in a browser with a new profile. */
export function openOther(name: OtherName, path: string, url: string): OpenPage {
  const profile = mkdtempSync(join(tmpdir(), `wasmgrad-${name}-`));
  writeFileSync(join(profile, 'user.js'), FIREFOX_PREFERENCES);
  const other: Other = OTHERS[name];
  const [program, ...args] = other.command(path, url, profile);
  const child = spawn(program, args, {
    // A group of its own: a browser is many processes.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...other.env },
  });
  const ended = printed(child);
  return {
    ended,
    async close() {
      endGroup(child);
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
    },
  };
}

async function printed(child: ChildProcess): Promise<string> {
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part) => (text += part));
  await once(child, 'close').catch((error) => {
    text += error.message;
  });
  return text;
}

function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (!pid || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid);
  } catch {
    // It ended a moment ago.
  }
}
