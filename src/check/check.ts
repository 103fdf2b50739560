import type { Engine } from '../runtime/engine.ts';
import { StateError } from '../runtime/errors.ts';
import { findBranches, roundingOf } from './branches.ts';
import { chooseElements, type Entry, exactStep, movedLosses } from './entries.ts';
import { LossProbe, type LossSetting } from './probe.ts';
import { type GradCheck, type ParameterEntries, report } from './report.ts';

export interface CheckOptions {
  /** Step of the two-sided differences: 1e-5 by default, which is the most accurate in double precision; the course uses 1e-7. */
  readonly epsilon: number;
  /** Elements to check, spread over the parameters; `Infinity`: all. */
  readonly samples: number;
  /** Governs which. */
  readonly seed: number;
}

/** Part of the ratio that single entries may have before they are looked at closely. */
const CLOSE = 1e-8;

/** Compares the gradient of a loss with two-sided differences, on an engine of the `f64` build. */
export async function checkLoss(
  engine: Engine,
  setting: LossSetting,
  names: readonly string[],
  options: CheckOptions,
): Promise<GradCheck> {
  const { epsilon } = options;
  using probe = new LossProbe(engine, setting);
  const entries = choose(probe, setting, options);
  const loss = await restLoss(probe, entries);
  const [up, down] = (await movedLosses(probe, entries, epsilon, [1, -1])) as [
    Float64Array,
    Float64Array,
  ];
  const differences = entries.map(
    ({ rest }, i) => ((up[i] as number) - (down[i] as number)) / (2 * exactStep(rest, epsilon)),
  );
  const rounding = roundingOf(loss, epsilon);
  const open = suspicious(entries, differences, rounding);
  const some = <T>(list: readonly T[]) => open.map((i) => list[i] as T);
  const branches = await findBranches(probe, some(entries), some(differences), loss, epsilon);
  const apart = new Set(open.filter((_, k) => branches[k]));
  const parameters = setting.parameters.map(
    ({ shape, size }, k): ParameterEntries => ({
      name: names[k] as string,
      shape,
      size,
      entries: entries.flatMap(({ parameter, i, gradient }, e) =>
        parameter === k
          ? [{ i, gradient, difference: differences[e] as number, branch: apart.has(e) }]
          : [],
      ),
    }),
  );
  return report({ parameters, loss, epsilon, rounding });
}

function choose(
  probe: LossProbe,
  { parameters, values }: LossSetting,
  { samples, seed }: CheckOptions,
): Entry[] {
  const gradients = probe.gradients();
  return chooseElements(parameters, samples, seed).flatMap((chosen, parameter) => {
    const variable = parameters[parameter] as (typeof parameters)[number];
    const rests = values.get(variable) as ArrayLike<number>;
    return chosen.map((i) => ({
      parameter,
      i,
      place: probe.place(variable, i),
      rest: rests[i] as number,
      gradient: gradients[parameter]?.[i] as number,
    }));
  });
}

async function restLoss(probe: LossProbe, entries: readonly Entry[]): Promise<number> {
  const [loss] = (await movedLosses(probe, entries.slice(0, 1), 1, [0])) as [Float64Array];
  if (Number.isFinite(loss[0])) return loss[0] as number;
  throw new StateError(`gradCheck: the loss is ${loss[0]}, expected a finite number`);
}

/** Entries whose errors could matter for the ratio of their parameter. */
function suspicious(
  entries: readonly Entry[],
  differences: readonly number[],
  rounding: number,
): number[] {
  const sums = new Map<number, { gradient: number; difference: number; count: number }>();
  entries.forEach(({ parameter, gradient }, i) => {
    const sum = sums.get(parameter) ?? { gradient: 0, difference: 0, count: 0 };
    sum.gradient += gradient ** 2;
    sum.difference += (differences[i] as number) ** 2;
    sum.count++;
    sums.set(parameter, sum);
  });
  return entries.flatMap(({ parameter, gradient }, i) => {
    const {
      gradient: g,
      difference: d,
      count,
    } = sums.get(parameter) as NonNullable<ReturnType<typeof sums.get>>;
    const limit = Math.max(rounding, (CLOSE * (Math.sqrt(g) + Math.sqrt(d))) / Math.sqrt(count));
    return Math.abs((differences[i] as number) - gradient) <= limit ? [] : [i];
  });
}
