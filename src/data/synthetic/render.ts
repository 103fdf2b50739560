import type { Stroke } from './strokes.ts';

/** Samples of a curve between two control points. */
const SAMPLES = 6;

/** Points along a pen's way, pairs of x and y. */
export type Path = number[];

/** The Catmull–Rom spline through the control points, straight on at both ends and broken at corners. */
export function spline({ x, y, corner }: Stroke): Path {
  const last = x.length - 1;
  const path: Path = [x[0] as number, y[0] as number];
  for (let i = 0; i < last; i++) {
    const before = i === 0 || corner[i] ? i : i - 1;
    const after = i + 1 === last || corner[i + 1] ? i + 1 : i + 2;
    for (let k = 1; k <= SAMPLES; k++) {
      const t = k / SAMPLES;
      path.push(between(x, before, i, after, t), between(y, before, i, after, t));
    }
  }
  return path;
}

function between(
  p: readonly number[],
  before: number,
  i: number,
  after: number,
  t: number,
): number {
  const [a, b, c, d] = [p[before], p[i], p[i + 1], p[after]] as [number, number, number, number];
  const linear = c - a;
  const square = 2 * a - 5 * b + 4 * c - d;
  const cubic = 3 * (b - c) + d - a;
  return b + (t * (linear + t * (square + t * cubic))) / 2;
}

/** A pen: half its width in pixels at the start and at the end of a stroke, and the width of its soft edge. */
export interface Pen {
  readonly start: number;
  readonly end: number;
  readonly softness: number;
}

/**
 * Draws a path, in pixels, into `ink` [size, size]: each pixel keeps the largest coverage, 1 inside the stroke, falling to 0
 * across the soft edge.
 */
export function draw(
  ink: Float32Array,
  size: number,
  path: Path,
  { start, end, softness }: Pen,
): void {
  const segments = path.length / 2 - 1;
  for (let i = 0; i < segments; i++) {
    const from = start + ((end - start) * i) / segments;
    const to = start + ((end - start) * (i + 1)) / segments;
    drawSegment(ink, size, path, 2 * i, from, to, softness);
  }
}

function drawSegment(
  ink: Float32Array,
  size: number,
  path: Path,
  at: number,
  from: number,
  to: number,
  softness: number,
): void {
  const ax = path[at] as number;
  const ay = path[at + 1] as number;
  const dx = (path[at + 2] as number) - ax;
  const dy = (path[at + 3] as number) - ay;
  const reach = Math.max(from, to) + softness / 2;
  const left = Math.max(0, Math.ceil(Math.min(ax, ax + dx) - reach));
  const right = Math.min(size - 1, Math.floor(Math.max(ax, ax + dx) + reach));
  const top = Math.max(0, Math.ceil(Math.min(ay, ay + dy) - reach));
  const bottom = Math.min(size - 1, Math.floor(Math.max(ay, ay + dy) + reach));
  const scale = 1 / Math.max(1e-12, dx * dx + dy * dy);
  for (let y = top; y <= bottom; y++) {
    for (let x = left; x <= right; x++) {
      const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) * scale));
      const ex = x - ax - t * dx;
      const ey = y - ay - t * dy;
      const inside = from + t * (to - from) - Math.sqrt(ex * ex + ey * ey);
      const coverage = Math.min(1, 0.5 + inside / softness);
      const pixel = y * size + x;
      if (coverage > (ink[pixel] as number)) ink[pixel] = coverage;
    }
  }
}
