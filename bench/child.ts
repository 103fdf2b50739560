import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Runner } from './types.ts';

/**
 * A step is a process of Node, timed until its first line of output: its results as a JSON array. What it
 * does afterwards is waited for before the next one starts.
 */
export function childRunner(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Required<Pick<Runner, 'run' | 'reset' | 'output' | 'maxSteps'>> {
  let line = '[]';
  let ended: Promise<unknown> = Promise.resolve();
  return {
    maxSteps: 1,
    async run() {
      const child = spawn(process.execPath, args, {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...env },
      });
      ended = once(child, 'close');
      line = await firstLine(child, ended);
    },
    async reset() {
      await ended;
    },
    output: () => JSON.parse(line),
  };
}

/** Throws when the process ends before. */
function firstLine(child: ChildProcess, ended: Promise<unknown>): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
    });
    ended.then(
      () => reject(new Error(`a process ended without output: ${child.exitCode}`)),
      reject,
    );
  });
}
