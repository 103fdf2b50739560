import { loadPart, storePart } from './simd';

/** How vectors of a row are read and written, only ever a type argument: whole, or the first `n` < LANES lanes. */
export abstract class Lanes {
  /** Vectors taken at once. */
  abstract vectors(): i32;
  abstract load(p: usize, n: i32): v128;
  abstract store(p: usize, v: v128, n: i32): void;
}

export class Whole extends Lanes {
  @inline vectors(): i32 {
    return 1;
  }
  @inline load(p: usize, _n: i32): v128 {
    return v128.load(p);
  }
  @inline store(p: usize, v: v128, _n: i32): void {
    v128.store(p, v);
  }
}

export class Part extends Lanes {
  @inline vectors(): i32 {
    return 1;
  }
  @inline load(p: usize, n: i32): v128 {
    return loadPart(p, n, 0);
  }
  @inline store(p: usize, v: v128, n: i32): void {
    storePart(p, v, n);
  }
}

/** The first `n` lanes are stored, whole vectors are read: up to 12 bytes behind a buffer. */
export class Start extends Lanes {
  @inline vectors(): i32 {
    return 1;
  }
  @inline load(p: usize, _n: i32): v128 {
    return v128.load(p);
  }
  @inline store(p: usize, v: v128, n: i32): void {
    storePart(p, v, n);
  }
}

/** Two neighbouring vectors, of which `load` and `store` take one. */
export class Pair extends Lanes {
  @inline vectors(): i32 {
    return 2;
  }
  @inline load(p: usize, _n: i32): v128 {
    return v128.load(p);
  }
  @inline store(p: usize, v: v128, _n: i32): void {
    v128.store(p, v);
  }
}
