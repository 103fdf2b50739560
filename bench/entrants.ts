import { messageOf } from '../src/runtime/errors.ts';
import { timed } from './measure.ts';
import {
  type Case,
  type Contestant,
  type Missing,
  type Runner,
  Unable,
  type Variant,
  type Wanted,
  type Weight,
} from './types.ts';

/** A contestant in one of its variants, ready for a case. */
export interface Entrant<R = Runner> extends Variant {
  readonly contestant: string;
  readonly reference: boolean;
  readonly runner: R;
  /** Milliseconds a step of the run whose results were compared. */
  readonly before?: number;
}

class Disagreement extends Error {}

type Open<R> = (task: unknown, variant: Variant) => R | Promise<R>;

/** Opens the case, for something to run or for sizes, for all who take part; those who cannot go to `missing`. */
export async function enter<R extends Runner | Weight>(
  c: Case,
  contestants: readonly Contestant[],
  wanted: Wanted,
  missing: Missing[],
): Promise<Entrant<R>[]> {
  const task = c.task();
  const entrants: Entrant<R>[] = [];
  for (const { name, kinds, reference = false, variants, open } of contestants) {
    if (kinds && !kinds.includes(c.kind)) continue;
    const start = open[c.kind] as Open<R> | undefined;
    for (const variant of variants(wanted, c.kind)) {
      const entrant = { contestant: name, ...variant, reference };
      try {
        if (!start) throw new Unable(`has nothing for ${c.kind}`);
        entrants.push({ ...entrant, runner: await start(task, variant) });
      } catch (error) {
        missing.push(absent(c, entrant, error));
      }
    }
  }
  return entrants;
}

/** Why somebody has no row. */
export function absent(
  c: Case,
  { contestant, build, threads }: Omit<Entrant, 'runner'>,
  error: unknown,
): Missing {
  const wrong = !(error instanceof Unable);
  const known = !wrong || error instanceof Disagreement;
  const reason = known ? messageOf(error) : `failed: ${messageOf(error)}`;
  return { case: c.name, contestant, build, threads, reason, wrong };
}

/**
 * Those whose results are those of the reference (or of the first) within the tolerance of the case; the
 * others are disposed of and go to `missing`, the reason being by how much they differ.
 */
export async function agreeing(
  c: Case,
  entrants: readonly Entrant[],
  missing: Missing[],
): Promise<Entrant[]> {
  const kept = new Map<string, Entrant>();
  const ordered = [...entrants].sort((a, b) => Number(b.reference) - Number(a.reference));
  let first: { label: string; numbers: ArrayLike<number> } | undefined;
  for (const entrant of ordered) {
    try {
      const { numbers, before } = await results(c, entrant);
      if (numbers) {
        first ??= { label: entrant.contestant, numbers };
        expectEqual(numbers, first.numbers, first.label, c.check.tolerance);
      }
      kept.set(labelOf(entrant), { ...entrant, before });
    } catch (error) {
      missing.push(absent(c, entrant, error));
      entrant.runner.dispose?.();
    }
  }
  return entrants.flatMap((e) => kept.get(labelOf(e)) ?? []);
}

const labelOf = ({ contestant, build, threads }: Entrant) => `${contestant}/${build}/${threads}`;

async function results({ check }: Case, { runner }: Entrant) {
  await runner.reset?.();
  const steps = runner.output ? check.steps : 1;
  const before = (await timed(runner, steps)) / steps;
  return { numbers: await runner.output?.(), before };
}

function expectEqual(
  numbers: ArrayLike<number>,
  expected: ArrayLike<number>,
  label: string,
  tolerance: number,
): void {
  const error = difference(expected, numbers);
  if (error <= tolerance) return;
  throw new Disagreement(
    `differs from ${label} by ${error.toExponential(1)}, tolerance ${tolerance}: not timed`,
  );
}

/** The largest difference, relative to the largest number. */
function difference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let error = 0;
  let largest = Number.MIN_VALUE;
  for (let i = 0; i < a.length; i++) {
    const x = a[i] as number;
    const y = b[i] as number;
    if (!Number.isFinite(x) || !Number.isFinite(y)) return Number.POSITIVE_INFINITY;
    error = Math.max(error, Math.abs(x - y));
    largest = Math.max(largest, Math.abs(x), Math.abs(y));
  }
  return error / largest;
}
