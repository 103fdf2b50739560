import { NR } from './layout';
import { RELU } from './rows';
import { GAP, gradLine, inputLine, outputLine, outputPixels, PLANES, SIDE } from './winograd';

/*
 * Tiles of images, the rows of them one below the other, in planes: `count` tiles from `tile` on, each plane with room for `block`.
 * `across` tiles are a row of tiles, `tiles` an image.
 */

/** Bytes from plane to plane of tiles with so many channels. */
export function planeBytes(block: i32, channels: i32): usize {
  return <usize>(block * channels + GAP) * sizeof<real>();
}

export function planesBytes(block: i32, channels: i32): usize {
  return <usize>PLANES * planeBytes(block, channels);
}

/** V = Bᵀd B for tiles d of x [images, H, W, C]. */
export function tilesIn(
  v: usize,
  x: usize,
  zeros: usize,
  tile: i32,
  count: i32,
  block: i32,
  tiles: i32,
  across: i32,
  H: i32,
  W: i32,
  C: i32,
  top: i32,
  left: i32,
): void {
  const bytes = <usize>C * sizeof<real>();
  const row = <usize>W * bytes;
  const plane = planeBytes(block, C);
  for (let i = 0; i < count; i++, v += bytes) {
    const image = (tile + i) / tiles;
    const place = tile + i - image * tiles;
    const h = (place / across) * SIDE - top;
    const w = (place % across) * SIDE - left;
    const from = x + <usize>(image * H) * row;
    let to = v;
    for (let j = w; j < w + 6; j++, to += plane) {
      const pixel = from + <isize>((h * W + j) * C) * sizeof<real>();
      const rows = <u32>j < <u32>W ? H : 0;
      inputLine(
        to,
        6 * plane,
        <u32>h < <u32>rows ? pixel : zeros,
        <u32>(h + 1) < <u32>rows ? pixel + row : zeros,
        <u32>(h + 2) < <u32>rows ? pixel + 2 * row : zeros,
        <u32>(h + 3) < <u32>rows ? pixel + 3 * row : zeros,
        <u32>(h + 4) < <u32>rows ? pixel + 4 * row : zeros,
        <u32>(h + 5) < <u32>rows ? pixel + 5 * row : zeros,
        bytes,
      );
    }
    to = v;
    for (let k = 0; k < 6; k++, to += 6 * plane) {
      const t2 = to + 2 * plane;
      const t4 = t2 + 2 * plane;
      inputLine(to, plane, to, to + plane, t2, t2 + plane, t4, t4 + plane, bytes);
    }
  }
}

/** y = act(AᵀMA + bias) for `cols` columns of y [images, OH, OW, N]. */
export function tilesOut(
  y: usize,
  m: usize,
  bias: usize,
  tile: i32,
  count: i32,
  block: i32,
  tiles: i32,
  across: i32,
  OH: i32,
  OW: i32,
  N: i32,
  cols: i32,
  finish: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const plane = planeBytes(block, NR);
  const pixel = <usize>N * sizeof<real>();
  const floor = v128.splat<real>(finish == RELU ? 0 : -(<real>Infinity));
  for (let i = 0; i < count; i++, m += NR * sizeof<real>()) {
    const image = (tile + i) / tiles;
    const place = tile + i - image * tiles;
    const h = (place / across) * SIDE;
    const w = (place % across) * SIDE;
    for (let j = <usize>0; j < 6; j++) outputLine(m + j * plane, 6 * plane, bytes);
    let to = y + <usize>((image * OH + h) * OW + w) * pixel;
    let from = m;
    const rows = min(SIDE, OH - h);
    for (let k = 0; k < rows; k++, from += 6 * plane, to += <usize>OW * pixel) {
      outputPixels(to, pixel, from, plane, bias, bytes, min(SIDE, OW - w), floor);
    }
  }
}

/** M = A dy Aᵀ for `cols` columns of tiles of dy [images, OH, OW, N]. */
export function tilesBack(
  m: usize,
  dy: usize,
  zeros: usize,
  tile: i32,
  count: i32,
  block: i32,
  tiles: i32,
  across: i32,
  OH: i32,
  OW: i32,
  N: i32,
  cols: i32,
): void {
  const bytes = <usize>cols * sizeof<real>();
  const plane = planeBytes(block, NR);
  const pixel = <usize>N * sizeof<real>();
  const row = <usize>OW * pixel;
  for (let i = 0; i < count; i++, m += NR * sizeof<real>()) {
    const image = (tile + i) / tiles;
    const place = tile + i - image * tiles;
    const h = (place / across) * SIDE;
    const w = (place % across) * SIDE;
    let from = dy + <usize>((image * OH + h) * OW + w) * pixel;
    let to = m;
    for (let j = w; j < w + SIDE; j++, to += plane, from += pixel) {
      const rows = j < OW ? OH - h : 0;
      const y0 = rows > 0 ? from : zeros;
      const y1 = rows > 1 ? from + row : zeros;
      const y2 = rows > 2 ? from + 2 * row : zeros;
      gradLine(to, 6 * plane, y0, y1, y2, rows > 3 ? from + 3 * row : zeros, bytes);
    }
    to = m;
    for (let k = 0; k < 6; k++, to += 6 * plane) {
      const t2 = to + 2 * plane;
      gradLine(to, plane, to, to + plane, t2, t2 + plane, bytes);
    }
  }
}
