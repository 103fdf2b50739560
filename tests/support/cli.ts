/** Runs the command line as a process of its own, in a folder of its own. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
}

function environment(more: RunOptions['env'] = {}): NodeJS.ProcessEnv {
  const { DEBUG: _, NO_COLOR: __, FORCE_COLOR: ___, ...rest } = process.env;
  return { ...rest, WASMGRAD_THREADS: '2', ...more };
}

export function wasmgrad(line: string | readonly string[], options: RunOptions = {}) {
  const args = typeof line === 'string' ? line.split(' ').filter(Boolean) : line;
  const { env, ...rest } = options;
  return spawnSync(process.execPath, [MAIN, ...args], {
    encoding: 'utf8',
    env: environment(env),
    ...rest,
  });
}

/** A run that a test talks to while it goes on. */
export class LiveRun {
  stdout = '';
  stderr = '';
  readonly child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(line: string, { cwd, env }: RunOptions = {}) {
    const args = [MAIN, ...line.split(' ').filter(Boolean)];
    this.child = spawn(process.execPath, args, { cwd, env: environment(env) });
    this.child.stdout?.on('data', (text) => {
      this.stdout += text;
    });
    this.child.stderr?.on('data', (text) => {
      this.stderr += text;
    });
    this.#ended = new Promise((resolve) => this.child.on('close', resolve));
  }

  /** The exit code. */
  end(): Promise<number | null> {
    return this.#ended;
  }

  async until(what: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    while (!pattern.test(this[what])) {
      if (this.child.exitCode !== null) throw new Error(`it ended: ${this.stderr}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/** A folder that is gone when the test is. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(`${tmpdir()}/wasmgrad-`);
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
