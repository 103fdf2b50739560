import type { Emitter, Tensor } from '../graph/tensor.ts';
import { kernels } from '../runtime/kernels.gen.ts';
import type { Pointer } from '../runtime/row.ts';
import {
  type Axis,
  type ConvAttrs,
  type ConvSizes,
  isPlain,
  MANY,
  rowUnit,
  type Walk,
} from './convGeometry.ts';
import { moved, prepared } from './emit.ts';
import {
  emitWinograd,
  emitWinogradGrad,
  paysWinograd,
  paysWinogradGrad,
  type WinogradSizes,
} from './winograd.ts';

/** Images [B, H, W, C] in memory. */
interface Images {
  /** Whose they are. */
  readonly tensor: Tensor;
  readonly at: Pointer;
  readonly B: number;
  readonly H: number;
  readonly W: number;
  readonly C: number;
}

/** y = w walking over x; a filter's element (ky, kx, k, n) of group g is at ky·sY + kx·sX + k·sK + n·sN + g·sGroup. */
export interface Convolution {
  readonly x: Images;
  readonly y: Omit<Images, 'tensor'>;
  readonly vertical: Axis;
  readonly horizontal: Axis;
  readonly groups: number;
  readonly filter: {
    readonly tensor: Tensor;
    readonly sY: number;
    readonly sX: number;
    readonly sK: number;
    readonly sN: number;
    readonly sGroup: number;
  };
  readonly bias: Pointer;
  readonly activation: number;
}

/** Channels from which on taps outside of an image are left out instead of padding it. */
const DEEP = 4;
/** Bytes of image and gradient that the sums of a filter's gradient walk over at once: a part of the first-level cache. */
const BLOCK = 24 * 1024;
/** Bytes up to which a padded image is kept for whoever needs it again; a larger one is made again. */
const KEPT = 2 ** 20;
/** Pixels of images that go at once when taps outside are left out, unless one alone has more. */
const PLACES = 4096;
/** Tiles of a filter's gradient from which on threads share them, and else the parts of the batch that they share. */
const PARTS = 8;

/** The images with zeros around them; themselves where none are asked for. */
function padded(e: Emitter, x: Images, pads: ConvAttrs['pads']): Images {
  const [top, bottom, left, right] = pads;
  if (!top && !bottom && !left && !right) return x;
  const { tensor, B, H, W, C } = x;
  const [HP, WP] = [top + H + bottom, left + W + right];
  const unit = rowUnit(B, HP, WP * C);
  const sizes = [HP, WP, H, W, C, top, left] as const;
  const bytes = B * HP * WP * C * e.realBytes;
  const make = (to: Pointer) => kernels.padImage(to, x.at, B * HP, unit, ...sizes);
  if (bytes <= KEPT) {
    const at = e.shared(tensor, `padded ${sizes}`, bytes, make);
    return { tensor, at, B, H: HP, W: WP, C };
  }
  const at = e.temp(bytes);
  e.row(make(at));
  return { tensor, at, B, H: HP, W: WP, C };
}

/** Where rows (i1, i2, i3), n2 · n3 of them for each i1, lie in A and in C: strides in numbers. */
interface Places {
  readonly n2: number;
  readonly n3: number;
  readonly a: readonly [number, number, number];
  readonly c: readonly [number, number, number];
}

function placesOf(e: Emitter, n: number, { n2, n3, a, c }: Places): Pointer {
  return prepared(e, null, `places ${[n, n2, n3, a, c]}`, 8 * n, (to) =>
    kernels.placeRows(to, n, 1024, n2, n3, ...a, ...c),
  );
}

/** Rows of a convolution: one for each pair of walks. */
export function emitConvolution(e: Emitter, c: Convolution): void {
  const { vertical, horizontal } = c;
  const nine = nineTaps(c);
  if (nine && paysWinograd(e, nine)) {
    emitNineTaps(e, c, nine);
    return;
  }
  if (fitsInside(c)) {
    emitInside(e, c, vertical.walks[0] as Walk, horizontal.walks[0] as Walk);
    return;
  }
  const zeros = [vertical.before, vertical.behind, horizontal.before, horizontal.behind] as const;
  const x = padded(e, c.x, zeros);
  const single = c.groups > 1 && c.groups === c.x.C && c.groups === c.y.C;
  for (const v of vertical.walks) {
    for (const h of horizontal.walks) {
      if (c.y.B * v.count * h.count * c.y.C === 0) continue;
      if (single) emitDepthwise(e, { ...c, x }, v, h);
      else emitWalks(e, { ...c, x }, v, h);
    }
  }
}

/** Sizes of a convolution with 3 × 3 taps and steps of one pixel; null for others. */
function nineTaps({ x, y, vertical, horizontal, groups }: Convolution): WinogradSizes | null {
  const fits = (axis: Axis) => isPlain(axis) && axis.walks[0]?.taps === 3;
  if (groups > 1 || !fits(vertical) || !fits(horizontal)) return null;
  const pads = { top: vertical.before, left: horizontal.before };
  return { B: x.B, H: x.H, W: x.W, C: x.C, OH: y.H, OW: y.W, N: y.C, ...pads };
}

function emitNineTaps(e: Emitter, c: Convolution, sizes: WinogradSizes): void {
  const { tensor, sY, sX, sK, sN } = c.filter;
  const [v, h] = [c.vertical.walks[0] as Walk, c.horizontal.walks[0] as Walk];
  const strides = [v.tapStep * sY, h.tapStep * sX, sK, sN] as const;
  const filter = { tensor, first: v.tap * sY + h.tap * sX, strides };
  emitWinograd(e, sizes, c.y.at, c.x.at, filter, c.bias, c.activation);
}

/** Whether it pays to leave out the taps on zeros around the images: steps of one pixel, enough images and channels. */
function fitsInside({ x, y, vertical, horizontal, groups }: Convolution): boolean {
  const fits = (axis: Axis) => {
    const taps = axis.walks[0]?.taps ?? 0;
    return isPlain(axis) && axis.before < taps && axis.behind < taps;
  };
  const zeros = [vertical, horizontal].some((a) => a.before + a.behind > 0);
  const filled = x.H * x.W * x.C * y.H * y.W * y.C > 0;
  const many = groups === 1 && x.B >= MANY && x.C >= DEEP;
  return many && filled && zeros && fits(vertical) && fits(horizontal);
}

function emitInside(e: Emitter, c: Convolution, v: Walk, h: Walk): void {
  const { x, y, bias, activation } = c;
  const pads = [c.vertical.before, c.horizontal.before] as const;
  const sizes = [x.H, x.W, x.C, y.H, y.W, y.C, v.taps, h.taps, ...pads] as const;
  const bp = packedFilter(e, c, v, h);
  const group = Math.max(1, Math.min(MANY, Math.floor(PLACES / (y.H * y.W))));
  const places = prepared(e, null, `inside ${[group, ...sizes]}`, 8 * group * y.H * y.W, (to) =>
    kernels.placeInside(to, group, ...sizes),
  );
  e.row(kernels.convInside(y.at, x.at, bp, bias, places, x.B, 1, group, ...sizes, activation));
}

function emitWalks(e: Emitter, c: Convolution, v: Walk, h: Walk): void {
  const { x, y, groups, bias, activation } = c;
  const [depth, N] = [x.C / groups, y.C / groups];
  const [xRow, yRow] = [x.W * x.C, y.W * y.C];
  const bp = packedFilter(e, c, v, h);
  const places = placesOf(e, v.count * h.count, {
    n2: 1,
    n3: h.count,
    a: [v.stride * xRow, 0, h.stride * x.C],
    c: [v.every * yRow, 0, h.every * y.C],
  });
  const inRun = h.taps === 1 || h.distance * x.C === depth;
  const [n2, steps] = inRun ? [1, h.taps * depth] : [h.taps, depth];
  const d2 = inRun ? steps : h.distance * x.C;
  const unit = rowUnit(x.B, v.count, h.count * y.C * v.taps * h.taps * depth);
  e.row(
    kernels.conv(
      moved(e, y.at, v.first * yRow + h.first * y.C),
      moved(e, x.at, v.start * xRow + h.start * x.C),
      bp,
      bias,
      places,
      x.B * v.count,
      unit,
      v.count,
      h.count,
      y.H * yRow,
      x.H * xRow,
      groups,
      N,
      v.taps,
      v.distance * xRow,
      n2,
      d2,
      steps,
      activation,
    ),
  );
}

/** The taps that the walks meet, in panels of NR columns. */
function packedFilter(e: Emitter, { x, y, groups, filter }: Convolution, v: Walk, h: Walk) {
  const { tensor, sY, sX, sK, sN, sGroup } = filter;
  const [depth, N] = [x.C / groups, y.C / groups];
  const columns = groups * Math.ceil(N / e.NR) * e.NR;
  const bytes = columns * v.taps * h.taps * depth * e.realBytes;
  const first = v.tap * sY + h.tap * sX;
  const [s1, s2] = [v.tapStep * sY, h.tapStep * sX];
  const numbers = [columns, N, v.taps, h.taps, depth, sGroup, s1, s2, sK, sN, first];
  return prepared(e, tensor, `filter ${numbers}`, bytes, (to) =>
    kernels.packFilter(
      to,
      moved(e, e.at(tensor), first),
      columns,
      e.NR,
      N,
      v.taps,
      h.taps,
      depth,
      sGroup,
      s1,
      s2,
      sK,
      sN,
    ),
  );
}

function emitDepthwise(e: Emitter, c: Convolution, v: Walk, h: Walk): void {
  const { x, y, filter, bias, activation } = c;
  const [xRow, yRow] = [x.W * x.C, y.W * y.C];
  e.row(
    kernels.depthwise(
      moved(e, y.at, v.first * yRow + h.first * y.C),
      moved(e, x.at, v.start * xRow + h.start * x.C),
      moved(e, e.at(filter.tensor), v.tap * filter.sY + h.tap * filter.sX),
      bias,
      x.B * v.count,
      rowUnit(x.B, v.count, h.count * y.C * v.taps * h.taps),
      v.count,
      h.count,
      y.C,
      y.H * yRow,
      v.every * yRow,
      h.every * y.C,
      x.H * xRow,
      v.stride * xRow,
      h.stride * x.C,
      v.taps,
      v.distance * xRow,
      h.taps,
      h.distance * x.C,
      v.tapStep * filter.sY,
      h.tapStep * filter.sX,
      activation,
    ),
  );
}

/** Rows of pixels, `numbers` in each with what they meet, that fit a block. */
function blockRows(e: Emitter, rows: number, numbers: number): number {
  const most = Math.floor(BLOCK / Math.max(1, numbers * e.realBytes));
  return Math.max(1, Math.min(rows, most));
}

/** dw [KH, KW, C/groups, F] = the gradient of the filter that made dy of x. */
export function emitFilterGrad(
  e: Emitter,
  dw: Pointer,
  images: Tensor,
  dy: Tensor,
  sizes: ConvSizes,
  attrs: ConvAttrs,
): void {
  const { B, H, W, C, KH, KW, OH, OW, F } = sizes;
  const one = [...attrs.strides, ...attrs.dilation, attrs.groups].every((n) => n === 1);
  const [top, , left] = attrs.pads;
  const nine = { B, H, W, C, OH, OW, N: F, top, left };
  if (one && KH === 3 && KW === 3 && B > 0 && paysWinogradGrad(e, nine)) {
    emitWinogradGrad(e, nine, dw, e.at(images), e.at(dy));
    return;
  }
  const x = padded(e, { tensor: images, at: e.at(images), B, H, W, C }, attrs.pads);
  const single = attrs.groups > 1 && attrs.groups === C && attrs.groups === F;
  if (single) emitDepthwiseFilter(e, dw, x, e.at(dy), sizes, attrs);
  else emitProducts(e, dw, x, e.at(dy), sizes, attrs);
}

function emitProducts(
  e: Emitter,
  dw: Pointer,
  x: Images,
  dy: Pointer,
  { B, C, KH, KW, F, OH, OW }: ConvSizes,
  { strides, dilation, groups }: ConvAttrs,
): void {
  const depth = C / groups;
  const K = KH * KW * depth;
  if (K * F === 0) return;
  const xRow = x.W * C;
  const places = placesOf(e, K, {
    n2: KW,
    n3: depth,
    a: [dilation[0] * xRow, dilation[1] * C, 1],
    c: [KW * depth * F, depth * F, F],
  });
  const parts = K >= PARTS * e.MR ? 1 : Math.max(1, Math.min(B, PARTS));
  const to = parts > 1 ? e.temp(parts * K * F * e.realBytes) : dw;
  const block = blockRows(e, OH, strides[0] * xRow + OW * F);
  e.row(
    kernels.convFilter(
      to,
      x.at,
      dy,
      places,
      parts * K,
      parts > 1 ? K : e.MR,
      K,
      B,
      OH,
      OW,
      block,
      x.H * xRow,
      strides[0] * xRow,
      strides[1] * C,
      groups,
      F / groups,
      depth,
    ),
  );
  if (parts > 1) e.row(kernels.sumColumns(dw, to, K * F, 64, parts));
}

function emitDepthwiseFilter(
  e: Emitter,
  dw: Pointer,
  x: Images,
  dy: Pointer,
  { B, C, KH, KW, OH, OW }: ConvSizes,
  { strides, dilation }: ConvAttrs,
): void {
  const xRow = x.W * C;
  e.row(
    kernels.depthwiseFilter(
      dw,
      x.at,
      dy,
      C,
      4,
      KH,
      dilation[0] * xRow,
      KW,
      dilation[1] * C,
      B,
      OH,
      OW,
      blockRows(e, OH, strides[0] * xRow + OW * C),
      x.H * xRow,
      strides[0] * xRow,
      strides[1] * C,
    ),
  );
}
