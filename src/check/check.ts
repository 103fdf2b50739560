import type { Engine } from '../runtime/engine.ts';
import { StateError } from '../runtime/errors.ts';
import { findBranches, roundingOf } from './branches.ts';
import { chooseElements, type Entry, exactStep, movedLosses } from './entries.ts';
import { normsOf, type Pair } from './norms.ts';
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

/** An entry with its two-sided difference. */
type Measured = Entry & Pair;

/** Compares the gradient of a loss with two-sided differences, on an engine of the `f64` build. */
export async function checkLoss(
  engine: Engine,
  setting: LossSetting,
  names: readonly string[],
  options: CheckOptions,
): Promise<GradCheck> {
  const probe = new LossProbe(engine, setting);
  try {
    return await checkBy(probe, setting, names, options);
  } finally {
    probe.free();
  }
}

async function checkBy(
  probe: LossProbe,
  setting: LossSetting,
  names: readonly string[],
  options: CheckOptions,
): Promise<GradCheck> {
  const { epsilon } = options;
  const entries = choose(probe, setting, options);
  const loss = await restLoss(probe, entries);
  const measured = await measure(probe, entries, epsilon);
  const rounding = roundingOf(loss, epsilon);
  const open = suspicious(measured, rounding);
  const branches = await findBranches(probe, open, loss, epsilon);
  const parameters = setting.parameters.map(
    ({ shape, size }, k): ParameterEntries => ({
      name: names[k] as string,
      shape,
      size,
      entries: measured
        .filter((e) => e.parameter === k)
        .map((e) => ({ ...e, branch: branches.has(e) })),
    }),
  );
  return report({ parameters, loss, epsilon, rounding });
}

async function measure(
  probe: LossProbe,
  entries: readonly Entry[],
  epsilon: number,
): Promise<Measured[]> {
  const [up, down] = await movedLosses(probe, entries, epsilon, [1, -1]);
  return entries.map((entry, i) => {
    const change = (up[i] as number) - (down[i] as number);
    return { ...entry, difference: change / (2 * exactStep(entry.rest, epsilon)) };
  });
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
  const [loss] = await movedLosses(probe, entries.slice(0, 1), 1, [0]);
  if (Number.isFinite(loss[0])) return loss[0] as number;
  throw new StateError(`gradCheck: the loss is ${loss[0]}, expected a finite number`);
}

/** Entries whose errors could matter for the ratio of their parameter. */
function suspicious(measured: readonly Measured[], rounding: number): Measured[] {
  const groups = Map.groupBy(measured, (e) => e.parameter);
  return [...groups.values()].flatMap((group) => {
    const { gradient, difference } = normsOf(group);
    const limit = Math.max(rounding, (CLOSE * (gradient + difference)) / Math.sqrt(group.length));
    return group.filter((e) => !(Math.abs(e.difference - e.gradient) <= limit));
  });
}
