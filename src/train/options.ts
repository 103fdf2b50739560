import { OptionError, shown } from '../runtime/errors.ts';

export function checkWhole(what: string, n: number, least: number): void {
  if (!Number.isInteger(n) || n < least)
    throw new OptionError(`${what} is ${shown(n)}, expected a whole number of at least ${least}`);
}
