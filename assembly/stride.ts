/** Columns between neighbouring pixels, only ever a type argument; 0: any number. */
export abstract class Stride {
  abstract pixels(): i32;
}
export class Any extends Stride {
  @inline pixels(): i32 {
    return 0;
  }
}
export class Single extends Stride {
  @inline pixels(): i32 {
    return 1;
  }
}
export class Double extends Stride {
  @inline pixels(): i32 {
    return 2;
  }
}
