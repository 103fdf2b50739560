import type { Diagnosis } from '../diagnose/diagnose.ts';
import { escapeText } from './chart.ts';
import { scoreRows } from './classes.ts';
import type { Mistake, RunDetails } from './details.ts';
import type { RunReport } from './json.ts';
import { MATRIX_STYLE, matrixHtml } from './matrix.ts';
import { factList, foldedTable, htmlPage, htmlTable, section } from './page.ts';
import { learningSection, signalSections } from './runCharts.ts';
import { count, counted, duration, memoryText, number, percent } from './terminal.ts';
import { verdictOf } from './verdict.ts';
import { VISION_STYLE, visionSection } from './vision.ts';

const STYLE = `
.tiles { display: flex; flex-wrap: wrap; gap: 8px 32px; margin: 8px 0 16px; }
.tiles b { display: block; font-size: 26px; line-height: 1.2; font-variant-numeric: tabular-nums; }
.tiles span { font-size: 13px; color: var(--chart-muted); }
.verdict { border-left: 4px solid var(--chart-1); padding-left: 12px; }
.verdict.good { border-color: var(--chart-2); }
.verdict li { margin-bottom: 6px; }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 14px 12px; }
.mistakes img { display: block; width: 84px; height: 84px; object-fit: contain; object-position: left; image-rendering: pixelated; background: #000; }
.mistakes figcaption { font-weight: 400; font-size: 12px; line-height: 1.35; margin: 4px 0 0; overflow-wrap: anywhere; }
.mistakes s { color: var(--chart-1); text-decoration: none; }
${MATRIX_STYLE}
${VISION_STYLE}
`.trim();

const PARTS = { train: 'training', dev: 'development', test: 'test' } as const;

/** A training run as one HTML page that needs nothing else; `details` may be missing. */
export function runPage(report: RunReport, details?: RunDetails): string {
  const sections = [
    resultSection(report),
    verdictSection(report),
    learningSection(report, details),
    ...(details ? mistakeSections(report, details) : []),
    ...signalSections(details?.snapshots ?? [], report.sizes.train),
    configuration(report, details),
  ];
  const body = `<header>
<h1>${escapeText(report.dataset)}</h1>
${tiles(report)}
${factList(facts(report, details))}
</header>
<main>
${sections.filter(Boolean).join('\n')}
</main>`;
  return htmlPage({ title: `${report.dataset}: training run`, body, style: STYLE, pictures: true });
}

function tiles({ metrics, seconds, epochs, examplesPerSecond, task }: RunReport): string {
  const parts = Object.entries(metrics).reverse();
  const name = task === 'classification' ? 'accuracy' : 'rmse';
  const figures = parts.flatMap(([part, logs]): [string, string][] => {
    const value = logs?.[name];
    return typeof value === 'number' ? [[shown(name, value), `${part} ${name}`]] : [];
  });
  const speed = `${number(examplesPerSecond)} examples/s`;
  const all = [...figures, [duration(seconds), `${counted(epochs, 'epoch')}, ${speed}`] as const];
  const tile = all.map(
    ([b, s]) => `<div><b>${escapeText(b)}</b><span>${escapeText(s)}</span></div>`,
  );
  return `<div class="tiles">${tile.join('')}</div>`;
}

function shown(name: string, value: number): string {
  return name === 'accuracy' ? percent(value) : number(value);
}

function facts(report: RunReport, details?: RunDetails): [string, string][] {
  const { sizes, settings = {}, parameters, memory, build, threads, version, seed } = report;
  const parts = Object.entries(sizes).flatMap(([part, n]) =>
    n > 0 ? [`${count(n)} ${part}`] : [],
  );
  const machine = details?.machine;
  const weights = parameters === undefined ? '' : `, ${count(parameters)} parameters`;
  return [
    ['Data', `${parts.join(', ')} examples, ${report.task}`],
    ['Model', `${settings['model'] ?? report.model ?? 'unknown'}${weights}`],
    ...(memory ? [['Memory', memoryText(memory)] as [string, string]] : []),
    ['Runs on', `${build} build, ${counted(threads, 'thread')}, seed ${seed}, wasmgrad ${version}`],
    ...(machine
      ? ([
          ['Machine', `${machine.cpu}, ${counted(machine.cores, 'core')}, ${machine.os}`],
          ['Node', machine.node],
        ] as [string, string][])
      : []),
    ...(details
      ? [['Date', `${details.date.slice(0, 16).replace('T', ' ')} UTC`] as [string, string]]
      : []),
    ...(report.interrupted ? [['Ended', 'early, by the user'] as [string, string]] : []),
  ];
}

function resultSection({ metrics }: RunReport): string {
  const names = Object.keys(metrics.train);
  const rows = Object.entries(metrics).map(([part, logs]) => [
    part,
    ...names.map((name) => shown(name, logs?.[name] ?? Number.NaN)),
  ]);
  return section('results', 'Results', [], { below: htmlTable(['', ...names], rows) });
}

function verdictSection(report: RunReport): string {
  const found = verdictOf(report);
  return found ? section('diagnosis', 'Diagnosis', [], { below: verdictHtml(found) }) : '';
}

function verdictHtml({ verdict, mismatch, avoidableBias, variance, advice }: Diagnosis): string {
  const good = verdict === 'low bias and low variance' && !mismatch;
  const differs = mismatch ? ', and the test set differs from the development set' : '';
  const gaps = `Avoidable bias ${percent(avoidableBias)} (against the best possible, taken as 0 % error), variance ${percent(variance)}.`;
  const items = advice.map(
    (a) =>
      `<li>${escapeText(a.action)}<br/><span class="note">${escapeText(a.because)}</span></li>`,
  );
  return `<div class="verdict${good ? ' good' : ''}"><b>${escapeText(`${verdict}${differs}`)}</b>
<p>${escapeText(gaps)}</p><ol>${items.join('')}</ol></div>`;
}

function mistakeSections({ task }: RunReport, details: RunDetails): string[] {
  const { part, classNames = [], confusion, confused = [], mistakes } = details;
  const where = `${PARTS[part] ?? ''} set`;
  const matrix = confusion ? matrixHtml(confusion, classNames) : '';
  const pairs = confused.map((p) => [p.truth, p.predicted, count(p.count)]);
  const table = pairs.length ? htmlTable(['true class', 'taken for', 'examples'], pairs) : '';
  const { head, rows } = scoreRows(confusion ?? [], classNames);
  const folded = matrix ? foldedTable('Precision, recall and F1', head, rows) : '';
  const classes =
    task === 'classification' &&
    section('confusion', `What is confused, ${where}`, [], {
      text: matrix ? 'True classes by row, predicted ones by column.' : 'Most often first.',
      below: matrix ? matrix + folded : table || '<p>Nothing.</p>',
    });
  return [classes || '', worstSection(mistakes, where), visionSection(details.vision, where)];
}

function worstSection(mistakes: readonly Mistake[], where: string): string {
  if (mistakes.length === 0) return '';
  const pictures = mistakes.filter((m) => m.png !== undefined);
  const below = pictures.length
    ? `<div class="mistakes">${pictures.map(picture).join('\n')}</div>`
    : rowTable(mistakes);
  return section('mistakes', `Worst mistakes, ${where}`, [], {
    text: 'Those that the model held least likely, or missed by most, first.',
    below,
  });
}

function picture({ png = '', truth, predicted, probability }: Mistake): string {
  const sure = probability === undefined ? '' : `, ${percent(probability, 0)}`;
  const alt = `${truth}, taken for ${predicted}`;
  return `<figure><img src="data:image/png;base64,${escapeText(png)}" alt="${escapeText(alt)}"/>
<figcaption>is ${escapeText(truth)}<br/><s>said ${escapeText(`${predicted}${sure}`)}</s></figcaption></figure>`;
}

function rowTable(mistakes: readonly Mistake[]): string {
  const columns = mistakes[0]?.row?.map(([name]) => name) ?? [];
  const sure = mistakes.some((m) => m.probability !== undefined);
  const head = ['true', 'predicted', ...(sure ? ['probability'] : []), ...columns];
  const rows = mistakes.map((m) => [
    m.truth,
    m.predicted,
    ...(sure ? [percent(m.probability ?? Number.NaN, 1)] : []),
    ...(m.row ?? []).map(([, cell]) => cell),
  ]);
  return htmlTable(head, rows);
}

function configuration({ settings = {}, history = {} }: RunReport, details?: RunDetails): string {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  const rows = Object.entries(settings).map(([name, value]): [string, string] => [
    name,
    text(value) ?? '',
  ]);
  const names = Object.keys(history);
  const epochs = (history[names[0] ?? ''] ?? []).map((_, i) => [
    String(i + 1),
    ...names.map((n) => number(history[n]?.[i] ?? Number.NaN)),
  ]);
  const table = foldedTable('Figures of each epoch', ['epoch', ...names], epochs);
  const seen = details?.snapshots.length ?? 0;
  const note = seen
    ? `<p class="note">${counted(seen, 'snapshot')} of weights and activations.</p>`
    : '';
  return section('configuration', 'Configuration', [], { below: factList(rows) + table + note });
}
