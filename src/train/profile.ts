import { Block } from '../compile/block.ts';
import { type Executable, plainStep } from '../compile/executable.ts';
import { printProgram } from '../compile/print.ts';
import { compiling, iterations, touched } from '../compile/program.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { rowBytes } from '../runtime/encode.ts';
import { checkOptions } from '../runtime/errors.ts';
import { nameOf } from '../runtime/kernelName.ts';
import { inTurns } from '../runtime/turns.ts';
import type { ModelCore } from './core.ts';
import type { Feed } from './feed.ts';
import { formatTable } from './inspect.ts';
import { checkWhole } from './options.ts';
import { prepare, trainingSpec, trainProgram } from './prepare.ts';
import { targetName } from './programs.ts';

/** Feeds that the host fills, for programs without data. */
function emptyFeeds(core: ModelCore): Feed[] {
  const { losses } = core.requireCompiled;
  const inputs = [...core.network.inputs].map(
    ([name, row]): Feed => ({ name, row: row as Shape, dtype: 'real' }),
  );
  const targets = [...losses].map(([output, { loss }]): Feed => {
    const row = core.outputShapes.get(output) ?? [];
    const labels = loss.targets === 'labels';
    return {
      name: targetName(output),
      row: labels ? row.slice(0, -1) : row,
      dtype: labels ? 'i32' : 'real',
    };
  });
  return [...inputs, ...targets];
}

async function preparedFeeds(core: ModelCore, batchSize: number): Promise<Feed[]> {
  checkWhole('batchSize', batchSize, 1);
  await core.build(new Map());
  const feeds = emptyFeeds(core);
  await prepare(core, feeds, batchSize);
  return feeds;
}

/** Bytes of the arena in which a training step for batches of `batchSize` computes; nothing is allocated for it. */
export async function stepBytes(core: ModelCore, batchSize: number): Promise<number> {
  const feeds = await preparedFeeds(core, batchSize);
  const spec = await inTurns(trainingSpec(core, feeds, 'empty', batchSize));
  return (await inTurns(compiling(spec, core.state.engine.target))).plan.bytes;
}

async function stepProgram(core: ModelCore, batchSize: number): Promise<Executable> {
  const feeds = await preparedFeeds(core, batchSize);
  return core.state.engine.exclusive(() => trainProgram(core, feeds, 'empty', batchSize));
}

export async function programText(core: ModelCore, batchSize: number): Promise<string> {
  return printProgram((await stepProgram(core, batchSize)).program);
}

export interface ProfileOptions {
  readonly batchSize?: number;
  /** Steps over which the time of each row is averaged, default 100. */
  readonly steps?: number;
}

export interface ProfileRow {
  readonly layer: string;
  readonly op: string;
  readonly kernel: string;
  /** Microseconds a step. */
  readonly us: number;
  readonly share: number;
  readonly gflops: number | null;
  readonly gbps: number;
}

export interface Profile {
  readonly rows: readonly ProfileRow[];
  /** Microseconds of a whole step while rows are timed one by one. */
  readonly us: number;
  toString(): string;
}

export async function profile(core: ModelCore, options: ProfileOptions): Promise<Profile> {
  checkOptions('profile', options, ['batchSize', 'steps']);
  const { batchSize = 32, steps = 100 } = options;
  checkWhole('steps', steps, 1);
  const executable = await stepProgram(core, batchSize);
  const { engine } = core.state;
  const slots = new Block(engine, 'profile', executable.rowBytes);
  const run = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...plainStep(core.seed), number: i + 1 }));
  try {
    return await engine.exclusive(async () => {
      await core.state.preserving(async () => {
        fillInputs(executable);
        await executable.run(run(Math.min(steps, 50)));
        await executable.run(run(steps), { profile: slots });
      });
      const bytes = await engine.read(slots.at, slots.bytes);
      return describe(
        executable,
        new Float64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8),
        steps,
      );
    });
  } finally {
    slots.free();
  }
}

/** Some numbers in every input: small ones, and labels that are in range. */
function fillInputs(executable: Executable): void {
  for (const [name, { shape, dtype }] of executable.program.inputs) {
    const values = Float64Array.from({ length: sizeOf(shape) }, (_, i) => (i % 7) / 7);
    executable.write(name, dtype === 'i32' ? values.fill(0) : values);
  }
}

/** What a row did: its time, the bytes it touched, and the operations of its node if it is the one that took longest for it. */
interface RowWork {
  readonly layer: string;
  readonly us: number;
  readonly flops: number;
  readonly bytes: number;
}

function workOf({ program }: Executable, ms: Float64Array, steps: number): RowWork[] {
  const { rows, nodes } = program;
  let at = 0;
  const times = rows.map((row) => {
    const time = ((ms[at / 8] as number) / steps) * 1000;
    at += rowBytes(row);
    return time;
  });
  const heaviest = new Map<unknown, number>();
  nodes.forEach((node, i) => {
    const known = heaviest.get(node);
    if (known === undefined || (times[i] as number) > (times[known] as number))
      heaviest.set(node, i);
  });
  const counts = iterations(rows);
  return rows.map((row, i) => {
    const node = nodes[i] as (typeof nodes)[number];
    const count = counts[i] as number;
    return {
      layer: node.scope || '–',
      us: times[i] as number,
      flops: heaviest.get(node) === i ? count * (node.op.flops?.(node) ?? 0) : 0,
      bytes: row.args.reduce<number>(
        (sum, arg) => sum + (typeof arg === 'number' ? 0 : touched(arg, count)),
        0,
      ),
    };
  });
}

/** Amount a microsecond in thousands: GFLOP/s of operations, GB/s of bytes. */
function rate(amount: number, us: number): number {
  return us > 0 ? amount / (us * 1e3) : 0;
}

function describe(executable: Executable, ms: Float64Array, steps: number): Profile {
  const { rows: calls, nodes } = executable.program;
  const kernels = calls.map((row) => nameOf(row.kernel));
  const work = workOf(executable, ms, steps);
  const us = work.reduce((sum, w) => sum + w.us, 0);
  const rows = work.map(
    (w, i): ProfileRow => ({
      layer: w.layer,
      op: nodes[i]?.op.name ?? '',
      kernel: kernels[i] ?? '',
      us: w.us,
      share: us > 0 ? w.us / us : 0,
      gflops: w.flops ? rate(w.flops, w.us) : null,
      gbps: rate(w.bytes, w.us),
    }),
  );
  return { rows, us, toString: () => profileText(rows, layerCells(work, us), us) };
}

/** For each layer: time, share, operations and bytes a second. */
function layerCells(work: readonly RowWork[], us: number): string[][] {
  const layers = new Map<string, RowWork>();
  for (const w of work) {
    const sum = layers.get(w.layer) ?? { layer: w.layer, us: 0, flops: 0, bytes: 0 };
    layers.set(w.layer, {
      layer: w.layer,
      us: sum.us + w.us,
      flops: sum.flops + w.flops,
      bytes: sum.bytes + w.bytes,
    });
  }
  return [...layers.values()].map((w) => [
    w.layer,
    w.us.toFixed(2),
    `${((100 * w.us) / us).toFixed(1)}%`,
    rate(w.flops, w.us).toFixed(1),
    rate(w.bytes, w.us).toFixed(1),
  ]);
}

function profileText(
  rows: readonly ProfileRow[],
  byLayer: readonly string[][],
  us: number,
): string {
  const cells = rows.map((r) => [
    r.layer,
    r.op,
    r.kernel,
    r.us.toFixed(2),
    `${(100 * r.share).toFixed(1)}%`,
    r.gflops === null ? '–' : r.gflops.toFixed(1),
    r.gbps.toFixed(1),
  ]);
  return [
    formatTable(['layer', 'op', 'kernel', 'µs', 'share', 'GFLOP/s', 'GB/s'], cells),
    '',
    formatTable(['layer', 'µs', 'share', 'GFLOP/s', 'GB/s'], byLayer),
    `step ${us.toFixed(1)} µs, rows timed one by one`,
  ].join('\n');
}
