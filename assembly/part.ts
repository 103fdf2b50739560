import { MR } from './layout';

/** The part of an MR × NR tile that is computed. */
export abstract class Part {
  abstract rows(): i32;
  abstract vectors(): i32;
  /** The rows start side by side in A. */
  abstract near(): bool;
  /** Below the tile stands another of the same size. */
  abstract twice(): bool;
}
export class Full extends Part {
  @inline rows(): i32 {
    return MR;
  }
  @inline vectors(): i32 {
    return 2;
  }
  @inline near(): bool {
    return false;
  }
  @inline twice(): bool {
    return false;
  }
}
export class Near extends Part {
  @inline rows(): i32 {
    return MR;
  }
  @inline vectors(): i32 {
    return 2;
  }
  @inline near(): bool {
    return true;
  }
  @inline twice(): bool {
    return false;
  }
}
export class Short extends Part {
  @inline rows(): i32 {
    return 4;
  }
  @inline vectors(): i32 {
    return 2;
  }
  @inline near(): bool {
    return false;
  }
  @inline twice(): bool {
    return false;
  }
}
export class Narrow extends Part {
  @inline rows(): i32 {
    return MR;
  }
  @inline vectors(): i32 {
    return 1;
  }
  @inline near(): bool {
    return false;
  }
  @inline twice(): bool {
    return false;
  }
}
export class Double extends Part {
  @inline rows(): i32 {
    return MR;
  }
  @inline vectors(): i32 {
    return 1;
  }
  @inline near(): bool {
    return false;
  }
  @inline twice(): bool {
    return true;
  }
}
