import { Lanes } from './lanes';
import { LANES, splat } from './simd';

/*
 * Walks over the windows of images [images, D, H, W, C] that are pooled to [images, OD, OH, OW, C]. Their geometry is i32 in
 * memory: D, H, W, C, OD, OH, OW, then for each place along OD, OH and OW the first element of its window and the one
 * behind its last. Windows are not empty and lie inside.
 */

/**
 * What is done with the elements of a window for one vector of channels, only ever a type argument. a: the place in a
 * pooled tensor, which holds dy where that is an input; y: the window's extreme, where it is given; p, q: the element in
 * tensors of full size. `acc` goes from step to step. Inheritance between ops would keep them from being inlined.
 */
abstract class Pool {
  abstract begin(a: usize, n: i32): v128;
  abstract scaled(dy: v128, count: i32, mean: i32): v128;
  abstract step(acc: v128, dy: v128, y: v128, a: usize, p: usize, q: usize, add: i32, n: i32): v128;
  abstract finish(a: usize, acc: v128, count: i32, mean: i32, n: i32): i32;
}

/** The larger of each lane, the first where they are equal, NaN where either is: see `Max` of fold.ts. */
function larger(a: v128, b: v128): v128 {
  return v128.or(v128.pmax<real>(a, b), v128.ne<real>(b, b));
}

/** Where x is the window's extreme y: equal, or both NaN. */
function same(x: v128, y: v128): v128 {
  return v128.or(v128.eq<real>(x, y), v128.and(v128.ne<real>(x, x), v128.ne<real>(y, y)));
}

function put<L extends Lanes>(p: usize, v: v128, add: i32, n: i32): i32 {
  const lanes = changetype<L>(0);
  lanes.store(p, add ? v128.add<real>(lanes.load(p, n), v) : v, n);
  return n;
}

/** a: y, p: x */
export class Largest<L extends Lanes> extends Pool {
  @inline begin(_a: usize, _n: i32): v128 {
    return splat(<real>-Infinity);
  }
  @inline scaled(dy: v128, _count: i32, _mean: i32): v128 {
    return dy;
  }
  @inline step(
    acc: v128,
    _dy: v128,
    _y: v128,
    _a: usize,
    p: usize,
    _q: usize,
    _add: i32,
    n: i32,
  ): v128 {
    return larger(acc, changetype<L>(0).load(p, n));
  }
  @inline finish(a: usize, acc: v128, _count: i32, _mean: i32, n: i32): i32 {
    changetype<L>(0).store(a, acc, n);
    return n;
  }
}

/** p: dx, q: x. The first of equal elements gets dy: `acc` is set until it is met. */
export class LargestGrad<L extends Lanes> extends Pool {
  @inline begin(_a: usize, _n: i32): v128 {
    return v128.not(splat(0));
  }
  @inline scaled(dy: v128, _count: i32, _mean: i32): v128 {
    return dy;
  }
  @inline step(
    acc: v128,
    dy: v128,
    y: v128,
    _a: usize,
    p: usize,
    q: usize,
    add: i32,
    n: i32,
  ): v128 {
    const hit = v128.and(acc, same(changetype<L>(0).load(q, n), y));
    put<L>(p, v128.and(dy, hit), add, n);
    return v128.andnot(acc, hit);
  }
  @inline finish(_a: usize, _acc: v128, _count: i32, _mean: i32, n: i32): i32 {
    return n;
  }
}

/** a: z, p: u, q: x. z takes the u of the element that is the first largest. */
export class LargestPick<L extends Lanes> extends Pool {
  @inline begin(a: usize, n: i32): v128 {
    changetype<L>(0).store(a, splat(0), n);
    return v128.not(splat(0));
  }
  @inline scaled(dy: v128, _count: i32, _mean: i32): v128 {
    return dy;
  }
  @inline step(
    acc: v128,
    _dy: v128,
    y: v128,
    a: usize,
    p: usize,
    q: usize,
    _add: i32,
    n: i32,
  ): v128 {
    const lanes = changetype<L>(0);
    const hit = v128.and(acc, same(lanes.load(q, n), y));
    lanes.store(a, v128.or(lanes.load(a, n), v128.and(lanes.load(p, n), hit)), n);
    return v128.andnot(acc, hit);
  }
  @inline finish(_a: usize, _acc: v128, _count: i32, _mean: i32, n: i32): i32 {
    return n;
  }
}

/** a: y, p: x */
export class Total<L extends Lanes> extends Pool {
  @inline begin(_a: usize, _n: i32): v128 {
    return splat(0);
  }
  @inline scaled(dy: v128, _count: i32, _mean: i32): v128 {
    return dy;
  }
  @inline step(
    acc: v128,
    _dy: v128,
    _y: v128,
    _a: usize,
    p: usize,
    _q: usize,
    _add: i32,
    n: i32,
  ): v128 {
    return v128.add<real>(acc, changetype<L>(0).load(p, n));
  }
  @inline finish(a: usize, acc: v128, count: i32, mean: i32, n: i32): i32 {
    changetype<L>(0).store(a, mean ? v128.div<real>(acc, splat(<real>count)) : acc, n);
    return n;
  }
}

/** a: dy, p: dx */
export class TotalGrad<L extends Lanes> extends Pool {
  @inline begin(_a: usize, _n: i32): v128 {
    return splat(0);
  }
  @inline scaled(dy: v128, count: i32, mean: i32): v128 {
    return mean ? v128.div<real>(dy, splat(<real>count)) : dy;
  }
  @inline step(
    acc: v128,
    dy: v128,
    _y: v128,
    _a: usize,
    p: usize,
    _q: usize,
    add: i32,
    n: i32,
  ): v128 {
    put<L>(p, dy, add, n);
    return acc;
  }
  @inline finish(_a: usize, _acc: v128, _count: i32, _mean: i32, n: i32): i32 {
    return n;
  }
}

/** One vector of channels of a window. */
function vectorOf<Op extends Pool>(
  a: usize,
  b: usize,
  p: usize,
  q: usize,
  depth: i32,
  height: i32,
  width: i32,
  plane: usize,
  row: usize,
  pixel: usize,
  mean: i32,
  add: i32,
  n: i32,
): i32 {
  const op = changetype<Op>(0);
  const count = depth * height * width;
  const dy = op.scaled(v128.load(a), count, mean);
  const y = v128.load(b);
  let acc = op.begin(a, n);
  for (let d = 0; d < depth; d++) {
    for (let h = 0; h < height; h++) {
      let at = <usize>d * plane + <usize>h * row;
      for (let w = 0; w < width; w++, at += pixel)
        acc = op.step(acc, dy, y, a, p + at, q + at, add, n);
    }
  }
  return op.finish(a, acc, count, mean, n);
}

/** First element of window `i`, and how many there are. */
function start(windows: usize, i: i32): i32 {
  return load<i32>(windows + ((<usize>i) << 3));
}
function extent(windows: usize, i: i32): i32 {
  return load<i32>(windows + ((<usize>i) << 3), 4) - start(windows, i);
}

/** Bytes of an image of full size. */
export function largeBytes(geometry: usize): usize {
  return <usize>pixelsOf(geometry) * <usize>load<i32>(geometry, 12) * sizeof<real>();
}
export function pixelsOf(geometry: usize): i32 {
  return load<i32>(geometry) * load<i32>(geometry, 4) * load<i32>(geometry, 8);
}
export function channelsOf(geometry: usize): i32 {
  return load<i32>(geometry, 12);
}

/** The windows of one row, all channels: `Op` for whole vectors, `Tail` for what is left. Those of 1×2×2 in the same order, unrolled. */
function rowOf<Op extends Pool, Tail extends Pool>(
  a: usize,
  b: usize,
  p: usize,
  q: usize,
  columns: usize,
  end: usize,
  depth: i32,
  height: i32,
  plane: usize,
  row: usize,
  pixel: usize,
  mean: i32,
  add: i32,
  C: i32,
): i32 {
  const op = changetype<Op>(0);
  const bytes = <usize>(C & -LANES) * sizeof<real>();
  const rest = C & (LANES - 1);
  for (; columns < end; columns += 8, a += pixel, b += pixel) {
    const width = extent(columns, 0);
    const at = <usize>start(columns, 0) * pixel;
    let i: usize = 0;
    if (depth == 1 && height == 2 && width == 2) {
      for (; i < bytes; i += 16) {
        const p0 = p + at + i;
        const q0 = q + at + i;
        const dy = op.scaled(v128.load(a + i), 4, mean);
        const y = v128.load(b + i);
        let acc = op.begin(a + i, LANES);
        acc = op.step(acc, dy, y, a + i, p0, q0, add, LANES);
        acc = op.step(acc, dy, y, a + i, p0 + pixel, q0 + pixel, add, LANES);
        acc = op.step(acc, dy, y, a + i, p0 + row, q0 + row, add, LANES);
        acc = op.step(acc, dy, y, a + i, p0 + row + pixel, q0 + row + pixel, add, LANES);
        op.finish(a + i, acc, 4, mean, LANES);
      }
    }
    for (; i < bytes; i += 16)
      vectorOf<Op>(
        a + i,
        b + i,
        p + at + i,
        q + at + i,
        depth,
        height,
        width,
        plane,
        row,
        pixel,
        mean,
        add,
        LANES,
      );
    if (rest > 0)
      vectorOf<Tail>(
        a + i,
        b + i,
        p + at + i,
        q + at + i,
        depth,
        height,
        width,
        plane,
        row,
        pixel,
        mean,
        add,
        rest,
      );
  }
  return C;
}

/** Runs the op on each window of one image. */
export function poolImage<Op extends Pool, Tail extends Pool>(
  a: usize,
  b: usize,
  p: usize,
  q: usize,
  geometry: usize,
  mean: i32,
  add: i32,
): i32 {
  const C = channelsOf(geometry);
  const OD = load<i32>(geometry, 16);
  const OH = load<i32>(geometry, 20);
  const OW = load<i32>(geometry, 24);
  const pixel = <usize>C * sizeof<real>();
  const row = <usize>load<i32>(geometry, 8) * pixel;
  const plane = <usize>load<i32>(geometry, 4) * row;
  const planes = geometry + 28;
  const rows = planes + ((<usize>OD) << 3);
  const columns = rows + ((<usize>OH) << 3);
  const end = columns + ((<usize>OW) << 3);
  for (let od = 0; od < OD; od++) {
    const d = extent(planes, od);
    const slab = <usize>start(planes, od) * plane;
    for (let oh = 0; oh < OH; oh++) {
      const h = extent(rows, oh);
      const line = slab + <usize>start(rows, oh) * row;
      const x = p + line;
      rowOf<Op, Tail>(a, b, x, q + line, columns, end, d, h, plane, row, pixel, mean, add, C);
      a += <usize>OW * pixel;
      b += <usize>OW * pixel;
    }
  }
  return C;
}
