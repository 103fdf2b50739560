import { OptionError } from '../../runtime/errors.ts';
import { Random } from '../random.ts';

/** Labels in random order, each block of `classes` holding every class once. */
export function balancedLabels(name: string, n: number, classes: number, seed: number): Int32Array {
  checkCount(name, n);
  const random = new Random(seed);
  const labels = new Int32Array(n);
  const block = Int32Array.from({ length: classes }, (_, i) => i);
  for (let at = 0; at < n; at += classes) {
    labels.set(random.shuffle(block).subarray(0, n - at), at);
  }
  return labels;
}

export function checkCount(name: string, n: number): void {
  if (!Number.isSafeInteger(n) || n < 0)
    throw new OptionError(`${name}: ${n} examples, expected a whole number`);
}
