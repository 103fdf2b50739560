import { Random } from '../data/random.ts';
import type { Variable } from '../graph/tensor.ts';
import type { LossProbe } from './probe.ts';

/** One element of a parameter. */
export interface Entry {
  /** Which parameter, and which element of it. */
  readonly parameter: number;
  readonly i: number;
  readonly place: number;
  readonly rest: number;
  /** By backpropagation. */
  readonly gradient: number;
}

/** Elements to check: all, or `samples` of them, small parameters whole and large ones in equal parts. */
export function chooseElements(
  parameters: readonly Variable[],
  samples: number,
  seed: number,
): number[][] {
  const bySize = parameters.map((_, k) => k).sort((a, b) => sizeAt(a) - sizeAt(b));
  const chosen: number[][] = parameters.map(() => []);
  let left = samples;
  bySize.forEach((k, done) => {
    const share = Math.max(1, Math.ceil(left / (parameters.length - done)));
    chosen[k] = pick(sizeAt(k), share, new Random(seed, k));
    left -= (chosen[k] as number[]).length;
  });
  return chosen;

  function sizeAt(k: number): number {
    return (parameters[k] as Variable).size;
  }
}

function pick(n: number, count: number, random: Random): number[] {
  const all = Array.from({ length: n }, (_, i) => i);
  return n <= count
    ? all
    : random
        .shuffle(all)
        .slice(0, count)
        .sort((a, b) => a - b);
}

/** A step near h for which x ± h and x ± h/2 are exact. */
export function exactStep(x: number, h: number): number {
  return 2 * (x + h / 2 - x);
}

/** The loss where each entry is moved by each of `steps`, as multiples of its own step near h: for each of these one list. */
export async function movedLosses<const Steps extends readonly number[]>(
  probe: LossProbe,
  entries: readonly Entry[],
  h: number,
  steps: Steps,
): Promise<{ [K in keyof Steps]: Float64Array }> {
  const { length } = entries;
  const places = Int32Array.from(entries, (e) => e.place);
  const rests = Float64Array.from(entries, (e) => e.rest);
  const lists: Float64Array[] = [];
  for (const by of steps) {
    const values = Float64Array.from({ length }, (_, i) => {
      const rest = rests[i] as number;
      return rest + by * exactStep(rest, h);
    });
    lists.push(await probe.losses(places, rests, values));
  }
  return lists as { [K in keyof Steps]: Float64Array };
}
