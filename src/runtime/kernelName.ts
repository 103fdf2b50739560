import { PARAMETERS } from './parameters.gen.ts';
import type { Kernel } from './row.ts';

const NAMES = Object.keys(PARAMETERS);

/** What a kernel is called where programs are printed and timed. */
export function nameOf({ id }: Kernel): string {
  return NAMES[id] as string;
}
