/** Charts as SVG text: no scripts, colours from the style of the page (`CHART_STYLE`), readable at 360 pixels. */
import { axisNumber, type Scale, type ScaleOptions, scaleOf } from './scale.ts';

export interface Axis extends Omit<ScaleOptions, 'ticks'> {
  /** With its unit: `step time, ms`. */
  readonly label: string;
}

export interface Line {
  readonly name: string;
  /** In the order in which they are joined; what is not finite (or, on a logarithmic axis, not positive) interrupts. */
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Number of the colour, default the line's place. */
  readonly color?: number;
  readonly dashed?: boolean;
  /** A thin line, for many points. */
  readonly thin?: boolean;
}

export interface LineChart {
  /** What a reader who does not see the picture is told. */
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
  /** Height of the plot in pixels of the picture, which is 360 wide; default 200. */
  readonly height?: number;
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** What stands behind the bar, default the value. */
  readonly text?: string;
  /** The least that was measured: the bar is full to here, paler up to the value. */
  readonly least?: number;
  /** A line across the bar: the limit. */
  readonly mark?: number;
  /** Number of the colour, default 0. */
  readonly color?: number;
}

export interface BarChart {
  readonly title: string;
  readonly axis: Axis;
  readonly bars: readonly Bar[];
}

/** Colours of charts in light, dark and print, by variables that a page may set otherwise. */
export const CHART_STYLE = `
:root { --chart-ink: #1c2430; --chart-muted: #5b6675; --chart-grid: #d9dee5; --chart-surface: #fff;
  --chart-0: #1f63c6; --chart-1: #c25700; --chart-2: #0b7f6b; --chart-3: #a8327d; --chart-4: #6a4fc4; --chart-5: #7a7f87; }
@media (prefers-color-scheme: dark) { :root { --chart-ink: #e6eaf0; --chart-muted: #9aa6b5; --chart-grid: #333c48;
  --chart-surface: #171c23; --chart-0: #6ea8ff; --chart-1: #f39a4a; --chart-2: #3fc4a8; --chart-3: #ea7fc2; --chart-4: #a995f5; --chart-5: #9097a1; } }
@media print { :root { --chart-ink: #000; --chart-muted: #444; --chart-grid: #ccc; --chart-surface: #fff;
  --chart-0: #1f63c6; --chart-1: #c25700; --chart-2: #0b7f6b; --chart-3: #a8327d; --chart-4: #6a4fc4; --chart-5: #7a7f87; } }
.chart { display: block; width: 100%; max-width: 480px; height: auto; font: 11px system-ui, sans-serif; }
.chart text { fill: var(--chart-ink); font-variant-numeric: tabular-nums; }
.chart .muted { fill: var(--chart-muted); }
.chart .grid { stroke: var(--chart-grid); stroke-width: 1; }
.chart .line { fill: none; stroke: var(--color); stroke-width: 2; stroke-linejoin: round; }
.chart .thin { stroke-width: 1.2; }
.chart .dashed { stroke-dasharray: 5 3; }
.chart rect, .chart circle { fill: var(--color); }
.chart .pale { fill-opacity: 0.4; }
.chart .ridge { fill: color-mix(in srgb, var(--color) 25%, var(--chart-surface)); stroke: var(--color); stroke-width: 1.2; stroke-linejoin: round; }
.chart .mark { stroke: var(--chart-ink); stroke-width: 2; }
${[0, 1, 2, 3, 4, 5].map((i) => `.c${i} { --color: var(--chart-${i}); }`).join('\n')}
`.trim();

const COLORS = 6;
/** Of every picture. */
export const WIDTH = 360;
/** Pixels of a character of 11 px text, generously. */
export const CHARACTER = 6.8;

/** Text that may stand in HTML and SVG, also in attributes. */
export function escapeText(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (c) => names[c] as string);
}

/** A chart with its colours inside, for a file of its own. */
export function standalone(chart: string): string {
  return chart.replace('>', `><style>${CHART_STYLE}</style>`);
}

/** Points joined by lines, a legend below; axes linear or logarithmic. */
export function lineChart({ title, x, y, lines, height = 200 }: LineChart): string {
  const all = lines.flatMap((l) => l.points);
  const xs = scaleOf(
    all.map((p) => p[0]),
    { zero: false, ...x, ticks: 8 },
  );
  const ys = scaleOf(
    all.map((p) => p[1]),
    { ...y, ticks: 6 },
  );
  const left = 8 + CHARACTER * Math.max(...ys.ticks.map((t) => axisNumber(t).length));
  const [top, right, bottom] = [20, WIDTH - 14, 20 + height];
  const px = (v: number) => round(left + xs.at(v) * (right - left));
  const py = (v: number) => round(bottom - ys.at(v) * (bottom - top));
  const legend = legendOf(lines, bottom + 48);
  const parts = [
    text(2, 11, y.label, 'muted'),
    ...ys.ticks.map((t) => rule(left, py(t), right, py(t))),
    ...ys.ticks.map((t) => text(left - 5, py(t) + 4, axisNumber(t), 'muted', 'end')),
    ...xs.ticks.map((t) => rule(px(t), top, px(t), bottom)),
    ...spread(xs, px).map((t) => text(px(t), bottom + 14, axisNumber(t), 'muted', 'middle')),
    text((left + right) / 2, bottom + 29, x.label, 'muted', 'middle'),
    ...lines.map((l, i) => curve(l, i, xs, ys, px, py)),
    ...legend.parts,
  ];
  return svg(title, legend.bottom, parts);
}

/** Ticks whose labels do not touch the one before. */
export function spread(scale: Scale, place: (v: number) => number): number[] {
  let end = Number.NEGATIVE_INFINITY;
  return scale.ticks.filter((t) => {
    const half = (axisNumber(t).length * CHARACTER) / 2;
    if (place(t) - half < end + 4) return false;
    end = place(t) + half;
    return true;
  });
}

function curve(
  line: Line,
  place: number,
  xs: Scale,
  ys: Scale,
  px: (v: number) => number,
  py: (v: number) => number,
): string {
  const shown = (scale: Scale, v: number) =>
    Number.isFinite(v) && (scale.kind === 'linear' || v > 0);
  let pen = 'M';
  let path = '';
  const dots: string[] = [];
  for (const [x, y] of line.points) {
    if (!shown(xs, x) || !shown(ys, y)) {
      pen = 'M';
      continue;
    }
    path += `${pen}${px(x)} ${py(y)}`;
    pen = 'L';
    if (line.points.length <= 40) dots.push(`<circle cx="${px(x)}" cy="${py(y)}" r="2.5"/>`);
  }
  const color = colorOf(line.color ?? place);
  const dashed = `${line.dashed ? ' dashed' : ''}${line.thin ? ' thin' : ''}`;
  return `<path class="line ${color}${dashed}" d="${path}"/><g class="${color}">${dots.join('')}</g>`;
}

/** Names beside pieces of their lines, in as many rows as they need. */
function legendOf(lines: readonly Line[], top: number): { parts: string[]; bottom: number } {
  let [x, y] = [4, top];
  const parts = lines.map((line, i) => {
    const width = 26 + line.name.length * CHARACTER + 12;
    if (x > 4 && x + width > WIDTH) [x, y] = [4, y + 16];
    const at = x;
    x += width;
    const sample = `<path class="line ${colorOf(line.color ?? i)}${line.dashed ? ' dashed' : ''}" d="M${round(at)} ${y - 4}h20"/>`;
    return sample + text(at + 26, y, line.name);
  });
  return { parts, bottom: y + 8 };
}

const BAR_HEIGHT = 12;
const BAR_STEP = 19;

/** One bar a line: label, bar, text behind it. */
export function barChart({ title, axis, bars }: BarChart): string {
  const values = bars.flatMap((b) => [b.value, b.least ?? b.value, b.mark ?? b.value]);
  const scale = scaleOf(values, { ...axis, ticks: 5 });
  const textOf = (b: Bar) => b.text ?? axisNumber(b.value);
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map((t) => t.length));
  const left = 8 + CHARACTER * Math.min(24, longest(bars.map((b) => b.label)));
  const right = WIDTH - 8 - CHARACTER * longest(bars.map(textOf));
  const bottom = 6 + bars.length * BAR_STEP;
  const px = (v: number) => round(left + scale.at(Math.max(v, scale.low)) * (right - left));
  const parts = [
    ...scale.ticks.map((t) => rule(px(t), 2, px(t), bottom)),
    ...spread(scale, px).map((t) => text(px(t), bottom + 13, axisNumber(t), 'muted', 'middle')),
    text((left + right) / 2, bottom + 28, axis.label, 'muted', 'middle'),
    ...bars.map((b, i) => oneBar(b, textOf(b), 6 + i * BAR_STEP, left, right, px)),
  ];
  return svg(title, bottom + 34, parts);
}

function oneBar(
  bar: Bar,
  behind: string,
  y: number,
  left: number,
  right: number,
  px: (v: number) => number,
): string {
  if (!Number.isFinite(bar.value)) {
    return text(left - 6, y + 10, bar.label, '', 'end') + text(right + 5, y + 10, behind);
  }
  const color = colorOf(bar.color ?? 0);
  const rect = (from: number, to: number, kind: string) =>
    `<rect class="${kind}" x="${from}" y="${y}" width="${round(Math.max(0, to - from))}" height="${BAR_HEIGHT}"/>`;
  const least = px(bar.least ?? bar.value);
  const mark =
    bar.mark === undefined
      ? ''
      : `<path class="mark" d="M${px(bar.mark)} ${y - 2}v${BAR_HEIGHT + 4}"/>`;
  return [
    text(left - 6, y + 10, shortened(bar.label), '', 'end'),
    rect(round(left), Math.max(least, left + 1), color),
    rect(least, px(bar.value), `${color} pale`),
    mark,
    text(right + 5, y + 10, behind),
  ].join('');
}

function shortened(label: string): string {
  return label.length > 24 ? `${label.slice(0, 23)}…` : label;
}

export function svg(title: string, height: number, parts: readonly string[]): string {
  const name = escapeText(title);
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${name}" xmlns="http://www.w3.org/2000/svg"><title>${name}</title>${parts.join('')}</svg>`;
}

export function text(x: number, y: number, content: string, kind = '', anchor = 'start'): string {
  const side = anchor === 'start' ? '' : ` text-anchor="${anchor}"`;
  const look = kind ? ` class="${kind}"` : '';
  return `<text x="${round(x)}" y="${round(y)}"${look}${side}>${escapeText(content)}</text>`;
}

export function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<path class="grid" d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}"/>`;
}

function colorOf(n: number): string {
  return `c${n % COLORS}`;
}

export function round(x: number): number {
  return Math.round(x * 10) / 10;
}
