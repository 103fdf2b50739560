import type { Histogram } from '../train/histogram.ts';
import { CHARACTER, round, rule, spread, svg, text, WIDTH } from './chart.ts';
import { axisNumber, scaleOf } from './scale.ts';

export interface Ridge {
  /** When: stands at the left. */
  readonly label: string;
  readonly histogram: Histogram;
}

export interface RidgeChart {
  readonly title: string;
  /** Of the axis of values. */
  readonly label: string;
  /** The earliest first, which stands at the back. */
  readonly ridges: readonly Ridge[];
  readonly color?: number;
}

const STEP = 15;
const HEIGHT = 46;

/** Histograms over time, one before the other; each is as high as its numbers are dense. Equal numbers are a line up. */
export function ridgeChart({ title, label, ridges, color = 0 }: RidgeChart): string {
  const shown = ridges.filter(({ histogram: h }) => h.count > 0);
  const scale = scaleOf(
    shown.flatMap(({ histogram: h }) => [h.low, h.high]),
    { zero: false, ticks: 6 },
  );
  const left = 10 + CHARACTER * Math.max(0, ...shown.map((r) => r.label.length));
  const right = WIDTH - 10;
  const px = (v: number) => round(left + scale.at(v) * (right - left));
  const narrowest = (scale.high - scale.low) / 100;
  const curves = shown.map(({ histogram }) => densities(histogram, narrowest));
  const wide = shown.flatMap(({ histogram: h }, i) => (h.high > h.low ? [curves[i] ?? []] : []));
  const most = Math.max(...(wide.length ? wide : curves).flatMap((c) => c.map(([, d]) => d)));
  const bottom = 4 + HEIGHT + STEP * Math.max(0, shown.length - 1);
  const parts = shown.map((ridge, i) => {
    const base = 4 + HEIGHT + STEP * i;
    const py = (d: number) => round(base - Math.min(1, d / most) * HEIGHT);
    const points = (curves[i] as Density[]).map(([v, d]) => `L${px(v)} ${py(d)}`).join('');
    const [from, to] = [px(ridge.histogram.low), px(ridge.histogram.high)];
    const path = `<path class="ridge c${color}" d="M${from} ${base}${points}L${to} ${base}"/>`;
    return path + text(left - 6, base, ridge.label, 'muted', 'end');
  });
  const axis = [
    ...scale.ticks.map((t) => rule(px(t), 4, px(t), bottom)),
    ...spread(scale, px).map((t) => text(px(t), bottom + 14, axisNumber(t), 'muted', 'middle')),
    text((left + right) / 2, bottom + 29, label, 'muted', 'middle'),
  ];
  return svg(title, bottom + 36, [...axis, ...parts]);
}

type Density = readonly [value: number, density: number];

/** Share of the numbers by width at the middle of each bin. */
function densities({ low, high, count, bins }: Histogram, narrowest: number): Density[] {
  const width = (high - low) / bins.length;
  return bins.map(
    (n, i): Density => [low + (i + 0.5) * width, n / count / Math.max(width, narrowest)],
  );
}
