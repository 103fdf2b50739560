import { NR } from './layout';

/** What is done with the sums of rows that lie anywhere. */
export const STORE: i32 = 0;
export const RELU: i32 = 1;
export const ACCUMULATE: i32 = 2;

/** How far a step goes, and whether the sums may be added to what is there. */
export abstract class Steps {
  abstract adds(): bool;
  abstract a(step: usize): usize;
  abstract b(step: usize): usize;
}
export class Numbers extends Steps {
  @inline adds(): bool {
    return false;
  }
  @inline a(step: usize): usize {
    return sizeof<real>();
  }
  @inline b(step: usize): usize {
    return NR * sizeof<real>();
  }
}
export class Pixels extends Steps {
  @inline adds(): bool {
    return true;
  }
  @inline a(step: usize): usize {
    return step;
  }
  @inline b(step: usize): usize {
    return step;
  }
}

/** Places of row `row` in A and in C; of rows behind the last one, the place of that in A. */
export function placeOfA(places: usize, row: i32, rows: i32): usize {
  return <usize>load<u32>(places + ((<usize>min(row, rows - 1)) << 3));
}

export function placeOfC(places: usize, row: i32): usize {
  return <usize>load<u32>(places + ((<usize>row) << 3), 4);
}
