import type { Tensor } from '../graph/tensor.ts';
import { loss as findLoss, type Loss } from '../nn/loss.ts';
import { metric as findMetric, type Metric } from '../nn/metric.ts';
import type { Named } from '../nn/named.ts';
import { OptionError, shown, unknownName } from '../runtime/errors.ts';

/** One value for all outputs, a list in their order, or by their name. */
export type PerOutput<T> = T | readonly T[] | Readonly<Record<string, T>>;

export type Outputs = Readonly<Record<string, Tensor>>;

export type MetricList = readonly (string | Named | Metric)[];

/** The loss of one output, with its weight in the total. */
export interface OutputLoss {
  readonly loss: Loss;
  readonly weight: number;
  readonly metrics: MetricList;
  /** Those in which sample weights count. */
  readonly weightedMetrics?: MetricList;
}

/** The metrics of an output with the names that their figures get. */
export function labelledMetrics({ loss, metrics, weightedMetrics = [] }: OutputLoss) {
  const found = (list: MetricList, weighted: boolean) =>
    list.map((wanted) => {
      const metric = findMetric(wanted, loss);
      const label =
        typeof wanted === 'string' ? wanted : (metric.label ?? metric.config?.name ?? metric.name);
      return { label, metric, weighted };
    });
  const plain = found(metrics, false);
  const taken = new Set(plain.map((m) => m.label));
  const others = found(weightedMetrics, true).map((m) =>
    taken.has(m.label) ? { ...m, label: `weighted_${m.label}` } : m,
  );
  return [...plain, ...others];
}

/** Spreads an option over the outputs. */
export function perOutput<T>(
  what: string,
  given: PerOutput<T>,
  names: readonly string[],
  isOne: (x: unknown) => x is T,
): T[] {
  if (isOne(given)) return names.map(() => given);
  if (Array.isArray(given)) {
    if (given.length !== names.length) {
      throw new OptionError(
        `${what}: ${given.length} given for ${names.length} outputs (${names})`,
      );
    }
    return [...(given as readonly T[])];
  }
  if (typeof given !== 'object' || given === null)
    throw new OptionError(
      `compile: ${what} is ${shown(given)}, expected one, a list, or by output`,
    );
  const byName = given as Readonly<Record<string, T>>;
  for (const key of Object.keys(byName))
    if (!names.includes(key)) unknownName(`output in ${what}`, key, names);
  return names.map((name) => {
    if (!(name in byName)) throw new OptionError(`${what}: nothing given for output "${name}"`);
    return byName[name] as T;
  });
}

/** A name, a function, or a name with options. */
export function isLoss(x: unknown): x is string | Named | Loss {
  const named =
    typeof x === 'object' && x !== null && typeof (x as Partial<Named>).name === 'string';
  return typeof x === 'string' || typeof x === 'function' || named;
}

export const isNumber = (x: unknown): x is number => typeof x === 'number' && Number.isFinite(x);

export { findLoss, findMetric };
