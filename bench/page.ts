import { readFileSync, writeFileSync } from 'node:fs';
import { barChart, escapeText, lineChart } from '../src/report/chart.ts';
import { factList, foldedTable, htmlPage, htmlTable } from '../src/report/page.ts';
import { axisNumber } from '../src/report/scale.ts';
import { type Verdict, verdictCells } from './goals.ts';
import type { Curve, Series } from './growth.ts';
import type { Machine } from './machine.ts';
import { duration, groupMissing, labelOf, TITLES } from './report.ts';
import type { Missing } from './types.ts';

/** A line of the report: something timed, or the sizes of something downloaded. */
interface Line {
  readonly suite: string;
  readonly case: string;
  readonly contestant: string;
  readonly build: string;
  readonly threads: number;
  readonly note?: string;
  readonly median_ms?: number;
  readonly min_ms?: number;
  readonly gflops?: number;
  readonly gbps?: number;
  readonly peak_fraction?: number;
  readonly limit_ms?: number;
  readonly bytes?: number;
  readonly gzip?: number;
}

/** The JSON of `npm run bench -- --json`. */
export interface PageReport {
  readonly machine: Machine;
  readonly rows: readonly Line[];
  readonly missing: readonly Missing[];
  readonly curves?: readonly Curve[];
  readonly goals?: readonly Verdict[];
}

const CURVE_TITLES: Readonly<Record<string, string>> = {
  'growth/gemm': 'Square matrix product against size',
  'growth/batch': 'Training step against batch size',
  'growth/width': 'Training step against width',
  'growth/threads': 'Training against threads',
  'growth/compile': 'From a model to its first step, against depth',
  'growth/depth': 'Training step against depth',
  'growth/memory': 'Memory of training against depth',
};

/** One HTML page that needs nothing else: bars for cases, lines for curves, all numbers as tables. */
export function page(report: PageReport): string {
  const rows = report.rows.filter((r) => r.suite !== 'peak');
  const suites = Map.groupBy(rows, (r) => r.suite);
  const sections = [...suites].map(([suite, lines]) => suiteSection(suite, lines));
  if (report.curves?.length) sections.push(curvesSection(report.curves));
  const judged = report.goals?.filter((v) => v.median !== undefined) ?? [];
  if (judged.length) sections.unshift(goalsSection(judged));
  if (report.missing.length) sections.push(missingSection(report.missing));
  return htmlPage({
    title: 'wasmgrad benchmark',
    body: `${header(report, [...suites.keys()])}
<main>
${sections.join('\n')}
</main>`,
  });
}

const list = (values: Iterable<string | number>) => [...new Set(values)].join(', ');

function header({ machine, rows, curves = [] }: PageReport, suites: readonly string[]): string {
  const ours = rows.filter((r) => r.contestant === 'wasmgrad');
  const series = curves.flatMap((c) => c.series);
  const peaks = rows.filter((r) => r.suite === 'peak' && r.gflops !== undefined);
  const facts: [string, string][] = [
    ['Machine', `${machine.cpu}, ${machine.cores} cores, ${machine.os}`],
    ['Node', `${machine.node} (V8 ${machine.v8})`],
    ['Date', `${machine.date.slice(0, 16).replace('T', ' ')} UTC`],
    ['Builds', list([...ours, ...series].map((r) => r.build))],
    ['Threads', list([...ours, ...series].flatMap((r) => r.threads ?? []))],
  ];
  if (peaks.length) {
    const each = peaks.map((p) => `${p.build} ${p.gflops?.toFixed(1)} GFLOP/s`);
    facts.push(['SIMD peak of a thread', each.join(', ')]);
  }
  if (machine.coresGave) {
    const gave = `${machine.coresGave.toFixed(2)} × one, in the middle of the run's cases`;
    facts.push(['All threads asked for, spinning', gave]);
  }
  const anchors = [...suites, ...(curves.length ? ['growth'] : [])].map(
    (s) => `<a href="#${escapeText(s)}">${escapeText(titleOf(s))}</a>`,
  );
  return `<header>
<h1>wasmgrad benchmark</h1>
${factList(facts)}
<nav>${anchors.join(' ')}</nav>
</header>`;
}

function titleOf(suite: string): string {
  return TITLES[suite] ?? suite;
}

const HOW_TO_READ =
  'Time of one step, shorter is better: the full bar ends at the least, the pale one at the median. ' +
  'The upright line is the limit, the time of the arithmetic at the peak measured in the same run. ×2: two threads.';

function suiteSection(suite: string, lines: readonly Line[]): string {
  const cases = Map.groupBy(lines, (l) => l.case);
  const figures = [...cases].map(([name, found]) => caseFigure(name, found));
  const timed = lines.some((l) => l.median_ms !== undefined);
  return `<section id="${escapeText(suite)}">
<h2>${escapeText(titleOf(suite))}</h2>
${timed ? `<p>${HOW_TO_READ}</p>` : ''}
<div class="figures">${figures.join('\n')}</div>
${numbers(lines)}
</section>`;
}

/** Times in the unit in which the largest has few digits. */
function unitFor(ms: number): { unit: string; scale: number } {
  if (ms >= 1000) return { unit: 's', scale: 1e-3 };
  if (ms >= 1) return { unit: 'ms', scale: 1 };
  return ms >= 1e-3 ? { unit: 'µs', scale: 1e3 } : { unit: 'ns', scale: 1e6 };
}

/** Ratio of the longest to the shortest from which bars stand on a logarithmic axis. */
const FAR = 8;

function caseFigure(name: string, lines: readonly Line[]): string {
  const timed = lines.filter((l) => l.median_ms !== undefined);
  const chart = timed.length ? timeBars(name, timed) : sizeBars(name, lines);
  const notes = [...new Set(lines.flatMap((l) => (l.note ? [`${labelOf(l)}: ${l.note}`] : [])))];
  const foot = notes.length ? `<p class="note">${escapeText(notes.join(' · '))}</p>` : '';
  const short = name.split('/').slice(1).join('/') || name;
  return `<figure><figcaption>${escapeText(short)}</figcaption>${chart}${foot}</figure>`;
}

function timeBars(name: string, lines: readonly Line[]): string {
  const times = lines.map((l) => l.median_ms as number);
  const [least, most] = [Math.min(...times), Math.max(...times)];
  const far = least > 0 && most / least > FAR;
  const { unit, scale } = unitFor(far ? least : most);
  const bars = lines.map((l) => ({
    label: labelOf(l),
    value: (l.median_ms as number) * scale,
    least: (l.min_ms ?? (l.median_ms as number)) * scale,
    ...(l.limit_ms === undefined ? {} : { mark: l.limit_ms * scale }),
    text: duration(l.median_ms as number),
    color: colorOf(l),
  }));
  const label = far ? `${unit}, logarithmic axis` : unit;
  const axis = { label, kind: far ? ('log' as const) : ('linear' as const) };
  return barChart({ title: `${name}: time of a step`, axis, bars });
}

function sizeBars(name: string, lines: readonly Line[]): string {
  const bars = lines.map((l) => ({
    label: labelOf(l),
    value: (l.bytes ?? Number.NaN) / 1000,
    ...(l.gzip === undefined ? {} : { least: l.gzip / 1000 }),
    text: `${axisNumber(Math.round((l.gzip ?? 0) / 1000))} / ${axisNumber(Math.round((l.bytes ?? 0) / 1000))}`,
    color: colorOf(l),
  }));
  return barChart({
    title: `${name}: size`,
    axis: { label: 'kB: gzip (full) / raw (pale)' },
    bars,
  });
}

/** Builds of the library stand out. */
function colorOf({ contestant, build }: { contestant: string; build: string }): number {
  if (contestant !== 'wasmgrad') return 5;
  return Math.max(0, BUILDS.indexOf(build));
}

const BUILDS = ['relaxed', 'simd', 'turbo', 'f64'];

function curvesSection(curves: readonly Curve[]): string {
  const figures = curves.map((c) => {
    const title = CURVE_TITLES[c.name] ?? c.name;
    const gave = c.cores_gave
      ? `<p class="note">The cores gave ${c.cores_gave.toFixed(2)} × one at the least.</p>`
      : '';
    return `<figure><figcaption>${escapeText(title)}</figcaption>${curveChart(c, title)}${gave}</figure>`;
  });
  return `<section id="growth">
<h2>${titleOf('growth')}</h2>
<p>The least of the samples at each point; both axes are logarithmic, unless few threads are counted. Dashed: more than one thread.</p>
<div class="figures">${figures.join('\n')}</div>
${curves.map(curveTable).join('\n')}
</section>`;
}

const seriesName = ({ build, threads }: Series) =>
  `${build}${threads && threads > 1 ? ` ×${threads}` : ''}`;

function curveChart(curve: Curve, title: string): string {
  const xs = curve.series.flatMap((s) => s.points.map((p) => p[0]));
  const doubling = xs.some((x) => Number.isInteger(Math.log2(x)) && x > 10);
  const kind = Math.max(...xs) > 8 ? 'log' : 'linear';
  return lineChart({
    title,
    x: { label: curve.x, kind, base: doubling ? 2 : 10, whole: true },
    y: { label: curve.unit, kind },
    lines: curve.series.map((s) => ({
      name: seriesName(s),
      points: s.points,
      color: colorOf(s),
      dashed: (s.threads ?? 1) > 1,
    })),
  });
}

function numbers(lines: readonly Line[]): string {
  const fixed = (x: number | undefined, digits: number) => x?.toFixed(digits) ?? '';
  const sized = lines.every((l) => l.median_ms === undefined);
  const head = ['case', 'contestant', 'build', 'threads'];
  const measured = ['median', 'least', 'GFLOP/s', 'GB/s', 'of peak', '× limit'];
  const body = lines.map((l) => {
    const who = [l.case, l.contestant, l.build, `${l.threads}`];
    if (sized) return [...who, `${l.bytes ?? ''}`, `${l.gzip ?? ''}`];
    return [
      ...who,
      duration(l.median_ms ?? Number.NaN),
      duration(l.min_ms ?? Number.NaN),
      fixed(l.gflops, 2),
      fixed(l.gbps, 1),
      l.peak_fraction === undefined ? '' : `${(100 * l.peak_fraction).toFixed(1)} %`,
      fixed(l.limit_ms && (l.median_ms as number) / l.limit_ms, 2),
    ];
  });
  return foldedTable('Numbers', [...head, ...(sized ? ['bytes', 'gzip'] : measured)], body);
}

function curveTable(curve: Curve): string {
  const xs = [...new Set(curve.series.flatMap((s) => s.points.map((p) => p[0])))];
  const found = curve.series.map((s) => new Map(s.points));
  const body = xs.map((x) => [`${x}`, ...found.map((points) => `${points.get(x) ?? ''}`)]);
  const title = `${CURVE_TITLES[curve.name] ?? curve.name}, ${curve.unit}`;
  return foldedTable(title, [curve.x, ...curve.series.map(seriesName)], body);
}

function goalsSection(goals: readonly Verdict[]): string {
  const reached = goals.filter((v) => v.reached).length;
  const head = ['goal', 'build', 'wanted', 'measured in the case furthest from it', 'verdict'];
  const table = htmlTable(head, goals.map(verdictCells));
  return `<section id="goals"><h2>Goals</h2><p>${reached} of ${goals.length} reached.</p>${table}</section>`;
}

function missingSection(missing: readonly Missing[]): string {
  const items = groupMissing(missing).map(
    ({ who, reason, cases }) =>
      `<li><b>${escapeText(who)}</b> ${escapeText(reason)} <span class="note">(${escapeText(cases.join(', '))})</span></li>`,
  );
  return `<section id="missing"><h2>What could not run</h2><ul>${items.join('\n')}</ul></section>`;
}

if (import.meta.main) {
  const [from, to] = process.argv.slice(2);
  if (!from || !to) {
    console.error('node bench/page.ts report.json page.html');
    process.exitCode = 1;
  } else writeFileSync(to, page(JSON.parse(readFileSync(from, 'utf8')) as PageReport));
}
