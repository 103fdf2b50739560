/**
 * The programs of the benchmark's networks as text, compiled for a fixed target, so that each change of a program is a line
 * in a commit: `npm run golden:programs` writes tests/golden/programs, tests/compile/programs.test.ts compares.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { train } from '../bench/suites/train.ts';
import type { Case, TrainTask } from '../bench/types.ts';
import { compileTrain } from '../bench/wasmgrad/models.ts';
import { nameBuffers, printProgram } from '../src/compile/print.ts';
import { compile, type Program } from '../src/compile/program.ts';
import { BaseEngine } from '../src/runtime/base.ts';
import type { Target } from '../src/runtime/engine.ts';
import type { Buffer } from '../src/runtime/row.ts';

export const FOLDER = fileURLToPath(new URL('../tests/golden/programs/', import.meta.url));

const TARGET: Target = { build: 'relaxed', realBytes: 4, MR: 6, NR: 8, threads: 2 };

/** An engine that computes nothing: programs can be compiled for any target on any machine. */
class CompilingEngine extends BaseEngine {
  protected readonly size = 0;
  protected readonly restarts = 0;

  constructor(target: Target) {
    const { build, threads } = target;
    super(target, { build, kind: 'inline', threads, sharedMemory: true, reasons: [] }, 64, 2 ** 32);
  }

  write(): void {}
  async read(_at: number, bytes: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(bytes);
  }
  async run(): Promise<void> {}
  protected reserve(): boolean {
    return true;
  }
  protected clear(): void {}
  protected close(): void {}
}

/** Names that do not depend on where the plan puts a buffer; those with the same name are counted. */
function steadyNames(program: Program): Map<Buffer, string> {
  const seen = new Map<string, number>();
  return new Map(
    [...nameBuffers(program).keys()].map((buffer) => {
      const count = (seen.get(buffer.name) ?? 0) + 1;
      seen.set(buffer.name, count);
      return [buffer, count === 1 ? buffer.name : `${buffer.name}#${count}`];
    }),
  );
}

/** Rows without their numbers, which would change with each row before them. */
function textOf(program: Program): string {
  return printProgram(program, steadyNames(program)).replaceAll(/^ *\d+ {2}/gm, '');
}

/** The networks by name. */
export function networks(): Map<string, Case<'train'>> {
  const cases = train.cases as readonly Case<'train'>[];
  return new Map(cases.map((c) => [c.name.split('/')[1] as string, c]));
}

/** The training step of a network and its predictions for as many examples. */
export async function programsOf(task: TrainTask): Promise<string> {
  const { core, executable } = await compileTrain(task, new CompilingEngine(TARGET));
  const { outputs } = core.trace(task.batch, false);
  const predict = compile({ name: `predict ${task.name}`, outputs }, TARGET);
  return `${textOf(executable.program)}\n\n${textOf(predict)}\n`;
}

if (import.meta.main) {
  mkdirSync(FOLDER, { recursive: true });
  for (const [name, { task }] of networks()) {
    writeFileSync(`${FOLDER}${name}.txt`, await programsOf(task()));
  }
}
