import { CONSTANTS } from './layout';

/** Writes the vector constants of this file to memory, once per memory. */
export function storeConstants(): void {
  v128.store(CONSTANTS, v128.splat<real>(0.5));
}
