import { hostValues, type Table, table } from '../data/table.ts';
import { type Shape, sizeOf } from '../graph/shape.ts';
import { checkNumber } from '../nn/named.ts';
import { OptionError, shown } from '../runtime/errors.ts';
import { SAMPLE_WEIGHT } from './programs.ts';

type ClassWeight = Readonly<Record<number, number>>;

/** The tables with the weights of the classes among, or multiplied to, those of the examples. `outputs`: their shapes. */
export function withClassWeights(
  tables: readonly Table[],
  given: ClassWeight,
  outputs: ReadonlyMap<string, Shape>,
): Table[] {
  const targets = tables.filter((t) => t.name.startsWith('target:'));
  if (targets.length !== 1)
    throw new OptionError(`classWeight: the model has ${targets.length} outputs, expected one`);
  const units = [...outputs.values()][0]?.at(-1) ?? 1;
  checkWeights(given, Math.max(2, units));
  const classes = classesOf(targets[0] as Table, units);
  const old = tables.find((t) => t.name === SAMPLE_WEIGHT);
  const perExample = sizeOf(classes.shape.slice(1));
  const weights = Float64Array.from(classes.found, (c, i) => {
    const own = old ? (old.data[Math.floor(i / perExample)] as number) : 1;
    return own * (given[c] ?? 1);
  });
  const { shape } = classes;
  const rest = tables.filter((t) => t !== old);
  return [...rest, table(SAMPLE_WEIGHT, { data: weights, shape }, 'values', shape.slice(1))];
}

function checkWeights(given: ClassWeight, classes: number): void {
  const plain = Object.prototype.toString.call(given) === '[object Object]';
  if (!plain) throw new OptionError(`classWeight is ${shown(given)}, expected { class: weight }`);
  for (const [key, weight] of Object.entries(given)) {
    if (!Number.isInteger(Number(key)) || Number(key) >= classes)
      throw new OptionError(`classWeight: class "${key}", expected 0 to ${classes - 1}`);
    checkNumber(`classWeight of class ${key}`, weight, { from: 0 });
  }
}

/** Class of each example (or element): the label, where the last axis is largest, or a single number rounded. */
function classesOf(target: Table, units: number) {
  const { dtype, shape } = target;
  const values = hostValues(target);
  if (dtype === 'i32') return { found: values, shape };
  const rows = shape.length > 1 ? shape.slice(0, -1) : shape;
  const found = Array.from({ length: sizeOf(rows) }, (_, i) =>
    units === 1 ? single(values, i) : largest(values, i, units),
  );
  return { found, shape: rows };
}

function single(values: ArrayLike<number>, i: number): number {
  const value = values[i] as number;
  if ((value >= 0 && value <= 1) || value === -1) return Math.round(value);
  throw new OptionError(`classWeight: target ${value} at ${i} is no class, expected 0 or 1`);
}

function largest(values: ArrayLike<number>, i: number, classes: number): number {
  const row = Array.from({ length: classes }, (_, c) => values[i * classes + c] as number);
  const sum = row.reduce((a, b) => a + b, 0);
  if (Math.abs(sum - 1) > 1e-3)
    throw new OptionError(
      `classWeight: target ${i} adds up to ${sum}, expected one class (one-hot)`,
    );
  return row.indexOf(Math.max(...row));
}
