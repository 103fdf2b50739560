/** Where the rows of A lie, only ever a type argument: side by side, all MR of them there; or anywhere. */
export abstract class Left {
  abstract near(): bool;
}
export class Near extends Left {
  @inline near(): bool {
    return true;
  }
}
export class Apart extends Left {
  @inline near(): bool {
    return false;
  }
}

/** Row r of A; in place of one that does not exist the last. */
export function rowOf(a: usize, aRow: usize, r: i32, rows: i32): usize {
  return a + <usize>min(r, rows - 1) * aRow;
}
