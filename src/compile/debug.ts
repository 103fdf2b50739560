import { variable } from '../runtime/environment.ts';

/**
 * The DEBUG ladder: 1 a summary of each compile · 2 rows one by one with time and NaN check · 3 no memory is reused, so that
 * intermediates can be read by name · 4 program text.
 */
export function debugLevel(): number {
  const env = variable('DEBUG');
  const level = Number(env ?? (globalThis as { WASMGRAD_DEBUG?: number }).WASMGRAD_DEBUG ?? 0);
  return Number.isInteger(level) ? level : 0;
}
