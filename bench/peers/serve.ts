import { writeSync } from 'node:fs';
import { messageOf } from '../../src/runtime/errors.ts';
import { type Contestant, type Kind, type Runner, Unable, type Variant } from '../types.ts';
import { fromFrames, toFrame } from './frames.ts';

type Open = (task: unknown, variant: Variant) => Runner | Promise<Runner>;

interface Request {
  readonly open?: Kind;
  readonly task?: unknown;
  readonly variant?: Variant;
  readonly run?: number;
  readonly reset?: true;
  readonly output?: true;
}

/**
 * Runs tasks for another process, as long as there is input; answers go to file 3. `unable`: the class of the errors that
 * say that it cannot.
 */
export async function serve(
  { open }: Pick<Contestant, 'open'>,
  unable: typeof Unable = Unable,
): Promise<void> {
  let runner: Runner | undefined;
  for await (const message of fromFrames(process.stdin)) {
    const request = message as Request;
    try {
      if (request.open) {
        runner = await (open[request.open] as Open)(request.task, request.variant as Variant);
        answer({ value: { note: runner.note, silent: !runner.output } });
      } else if (request.run !== undefined) answer({ value: await timed(runner, request.run) });
      else if (request.reset) answer({ value: await runner?.reset?.() });
      else if (request.output) answer({ value: await runner?.output?.() });
      else {
        runner?.dispose?.();
        runner = undefined;
        answer({});
      }
    } catch (error) {
      answer({ error: messageOf(error), unable: error instanceof unable });
    }
  }
}

async function timed(runner: Runner | undefined, steps: number): Promise<number> {
  const started = performance.now();
  await runner?.run(steps);
  return performance.now() - started;
}

function answer(value: object): void {
  for (const part of toFrame(value)) {
    for (let at = 0; at < part.length; ) at += writeSync(3, part, at);
  }
}
