import { type Entry, exactStep, movedLosses } from './entries.ts';
import type { Pair } from './norms.ts';
import type { LossProbe } from './probe.ts';

/** Bounds the rounding error of a loss, relative to it. */
const ROUNDING = 2 ** -50;

/** What rounding of the loss can do to a difference quotient with step h. */
export function roundingOf(loss: number, h: number): number {
  return (ROUNDING * Math.abs(loss)) / h;
}

/** Slopes of the loss along one element, at one scale. */
interface Slopes {
  readonly h: number;
  /** From h/2 on both sides, with error O(h²). */
  readonly narrow: number;
  /** From 0, h/2 and h on one side, with error O(h²). */
  readonly right: number;
  readonly left: number;
}

type Four = [number, number, number, number];

const SCALES = [1, 1 / 8, 1 / 64];

/**
 * Those of the entries along which the loss bends within ±ε (a relu, a maximum takes another branch), so that the two-sided
 * difference is not its slope. The loss alone tells: its slope over a narrower step, or from one side, is another one, beyond
 * rounding and beyond what a smooth curve does. And the gradient must agree with that slope, or lie between those of the
 * two sides: a wrong gradient agrees with none and is never excused. No op is asked for.
 */
export async function findBranches<T extends Entry & Pair>(
  probe: LossProbe,
  entries: readonly T[],
  loss: number,
  epsilon: number,
): Promise<Set<T>> {
  const scales: Slopes[][] = [];
  for (const scale of SCALES) scales.push(await slopes(probe, entries, loss, epsilon * scale));
  const slopesOf = (i: number) => scales.map((list) => list[i] as Slopes);
  return new Set(entries.filter((entry, i) => bends(slopesOf(i), entry, loss)));
}

async function slopes(
  probe: LossProbe,
  entries: readonly Entry[],
  loss: number,
  h: number,
): Promise<Slopes[]> {
  const moved = await movedLosses(probe, entries, h, [1, 0.5, -0.5, -1]);
  return entries.map(({ rest }, i) => {
    const step = exactStep(rest, h);
    const [up, upHalf, downHalf, down] = moved.map((list) => list[i]) as Four;
    return {
      h: step,
      narrow: (upHalf - downHalf) / step,
      right: (4 * upHalf - up - 3 * loss) / step,
      left: (down + 3 * loss - 4 * downHalf) / step,
    };
  });
}

function bends(scales: readonly Slopes[], { gradient, difference }: Pair, loss: number): boolean {
  const error = Math.abs(difference - gradient);
  const [first] = scales as [Slopes];
  const near = (slope: number, share: number) =>
    Math.abs(slope - gradient - (difference - gradient) * share) <= error / 20;
  // The parts of the error that a third derivative makes in each; a bend by chance makes one of them, not all.
  const smooth = near(first.narrow, 1 / 4) && near(first.right, -1 / 2) && near(first.left, -1 / 2);
  if (smooth) return false;
  const agrees = ({ h, narrow, right, left }: Slopes) =>
    [narrow, right, left].some(
      (slope) =>
        Math.abs(slope - gradient) <= error / 8 &&
        Math.abs(slope - difference) > 4 * roundingOf(loss, h),
    );
  return scales.some(agrees) || isBetween(scales.at(-1) as Slopes, gradient, loss);
}

/** Where the loss bends at θ itself, every number between the slopes of its sides is a gradient (Clarke 1975). */
function isBetween({ h, left, right }: Slopes, gradient: number, loss: number): boolean {
  const inside = Math.min(left, right) <= gradient && gradient <= Math.max(left, right);
  return inside && Math.abs(left - right) > 8 * roundingOf(loss, h);
}
