import { foldColumns, Max, Sum } from '../fold';
import { Start, Whole } from '../lanes';
import {
  channelsOf,
  Largest,
  LargestGrad,
  LargestPick,
  largeBytes,
  pixelsOf,
  poolImage,
  Total,
  TotalGrad,
} from '../pool';
import { In, InAll, Out, shareStart } from '../share';

/* `small` and `large`: bytes of an image in pooled tensors and in those of full size. `geometry`: see pool.ts. */

/** y = the largest of each window. `whole`: the only window is the image. */
export function maxPool(
  y: Out,
  x: In,
  geometry: InAll,
  images: i32,
  unit: i32,
  small: u32,
  whole: i32,
  tid: i32,
  threads: i32,
): void {
  const large = largeBytes(geometry);
  const C = channelsOf(geometry);
  const last = <usize>shareStart(images, unit, tid + 1, threads);
  for (let i = <usize>shareStart(images, unit, tid, threads); i < last; i++) {
    const to = y + i * small;
    const from = x + i * large;
    if (whole) foldColumns<Max>(to, from, 0, C, 0, C, pixelsOf(geometry));
    else poolImage<Largest<Whole>, Largest<Start>>(to, to, from, from, geometry, 0, 0);
  }
}

/** dx = dy at the first place of each window where x is its largest element y. `tiles`: each element is in one window. */
export function maxPoolGrad(
  dx: Out,
  dy: In,
  x: In,
  y: In,
  geometry: InAll,
  images: i32,
  unit: i32,
  small: u32,
  tiles: i32,
  tid: i32,
  threads: i32,
): void {
  const large = largeBytes(geometry);
  const last = <usize>shareStart(images, unit, tid + 1, threads);
  for (let i = <usize>shareStart(images, unit, tid, threads); i < last; i++) {
    const to = dx + i * large;
    const s = i * small;
    if (!tiles) memory.fill(to, 0, large);
    poolImage<LargestGrad<Whole>, LargestGrad<Start>>(
      dy + s,
      y + s,
      to,
      x + i * large,
      geometry,
      0,
      i32(tiles == 0),
    );
  }
}

/** z = u at the first place of each window where x is its largest element y. */
export function maxPoolPick(
  z: Out,
  u: In,
  x: In,
  y: In,
  geometry: InAll,
  images: i32,
  unit: i32,
  small: u32,
  tid: i32,
  threads: i32,
): void {
  const large = largeBytes(geometry);
  const last = <usize>shareStart(images, unit, tid + 1, threads);
  for (let i = <usize>shareStart(images, unit, tid, threads); i < last; i++) {
    const s = i * small;
    const l = i * large;
    poolImage<LargestPick<Whole>, LargestPick<Start>>(z + s, y + s, u + l, x + l, geometry, 0, 0);
  }
}

/** y = the sum of each window, with `mean` divided by its size. `whole`: the only window is the image. */
export function averagePool(
  y: Out,
  x: In,
  geometry: InAll,
  images: i32,
  unit: i32,
  small: u32,
  mean: i32,
  whole: i32,
  tid: i32,
  threads: i32,
): void {
  const large = largeBytes(geometry);
  const C = channelsOf(geometry);
  const pixels = pixelsOf(geometry);
  const last = <usize>shareStart(images, unit, tid + 1, threads);
  for (let i = <usize>shareStart(images, unit, tid, threads); i < last; i++) {
    const to = y + i * small;
    const from = x + i * large;
    if (!whole) {
      poolImage<Total<Whole>, Total<Start>>(to, to, from, from, geometry, mean, 0);
      continue;
    }
    foldColumns<Sum>(to, from, 0, C, 0, C, pixels);
    const end = to + small;
    for (let at = mean ? to : end; at < end; at += sizeof<real>())
      store<real>(at, load<real>(at) / <real>pixels);
  }
}

/** dx = Σ dy of the windows around each element, with `mean` divided by their sizes. `tiles`: it is always one. */
export function averagePoolGrad(
  dx: Out,
  dy: In,
  geometry: InAll,
  images: i32,
  unit: i32,
  small: u32,
  mean: i32,
  tiles: i32,
  tid: i32,
  threads: i32,
): void {
  const large = largeBytes(geometry);
  const last = <usize>shareStart(images, unit, tid + 1, threads);
  for (let i = <usize>shareStart(images, unit, tid, threads); i < last; i++) {
    const to = dx + i * large;
    const from = dy + i * small;
    if (!tiles) memory.fill(to, 0, large);
    poolImage<TotalGrad<Whole>, TotalGrad<Start>>(
      from,
      from,
      to,
      to,
      geometry,
      mean,
      i32(tiles == 0),
    );
  }
}
