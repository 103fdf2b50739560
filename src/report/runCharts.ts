import type { Snapshot } from '../train/signals.ts';
import { type Line, lineChart } from './chart.ts';
import type { RunDetails } from './details.ts';
import type { RunReport } from './json.ts';
import { figure, section } from './page.ts';
import { ridgeChart } from './ridges.ts';

const EPOCH = { label: 'epoch', whole: true };

/** Losses and metrics by epoch, and the cost by mini-batch. */
export function learningSection({ history = {} }: RunReport, details?: RunDetails): string {
  const names = Object.keys(history).filter((name) => !name.startsWith('val_'));
  const figures = names.map((name) => {
    const part = (key: string, label: string, color: number): Line[] =>
      history[key] ? [{ name: label, color, points: history[key].map((y, i) => [i + 1, y]) }] : [];
    const lines = [...part(name, 'train', 0), ...part(`val_${name}`, 'dev', 1)];
    const y = { label: name, zero: name === 'loss' };
    return figure(name, lineChart({ title: `${name} by epoch`, x: EPOCH, y, lines }));
  });
  if (details?.batchCost.points.length) figures.push(costFigure(details));
  const text =
    'Figures on the training set are means over each epoch while the weights change, with dropout where there is some.';
  return section('learning', 'Learning curves', figures, { text });
}

function costFigure({ batchCost: { batches, points } }: RunDetails): string {
  const chart = lineChart({
    title: 'cost by mini-batch',
    x: { label: `mini-batch, of ${batches}`, whole: true },
    y: { label: 'cost' },
    lines: [
      { name: 'mini-batches', color: 5, points: points.map(([x, mean]) => [x, mean]), thin: true },
      {
        name: 'smoothed',
        color: 0,
        points: points.map(([x, , smooth]) => [x, smooth]),
        thin: true,
      },
    ],
  });
  return figure('cost by mini-batch', chart);
}

/** Parts about what the snapshots saw. `perEpoch`: examples in an epoch. */
export function signalSections(snapshots: readonly Snapshot[], perEpoch: number): string[] {
  if (snapshots.length === 0) return [];
  const at = (s: Snapshot) => s.examples / Math.max(1, perEpoch);
  return [
    section('updates', 'Learning rate and gradients', updateFigures(snapshots, at), {
      text: 'Norms of the gradient of each layer in single mini-batches; the axis is logarithmic.',
    }),
    section('weights', 'Weights over time', weightFigures(snapshots, at), {
      text: 'Histograms by epoch, the first at the back.',
    }),
    section('activations', 'Activations over time', activationFigures(snapshots, at), {
      text: 'What layers with weights give for the same examples, without the numbers that are exactly 0.',
    }),
  ];
}

type Clock = (snapshot: Snapshot) => number;
const MOST_LINES = 8;
const MOST_FIGURES = 12;
const MOST_RIDGES = 12;

/** At most so many, evenly chosen, with the first and the last. */
export function evenly<T>(list: readonly T[], most: number): readonly T[] {
  if (list.length <= most) return list;
  const step = (list.length - 1) / (most - 1);
  return Array.from({ length: most }, (_, i) => list[Math.round(i * step)] as T);
}

function updateFigures(snapshots: readonly Snapshot[], at: Clock): string[] {
  const rate: Line = {
    name: 'learning rate',
    points: snapshots.map((s) => [at(s), s.learningRate]),
  };
  const layers = evenly(
    [...new Set(snapshots[0]?.weights.map((w) => layerOf(w.name)))],
    MOST_LINES,
  );
  const norms = layers.map((layer, i): Line => {
    const normOf = ({ weights }: Snapshot) => {
      const own = weights.filter((w) => layerOf(w.name) === layer);
      return Math.hypot(...own.map((w) => w.gradientNorm));
    };
    return {
      name: layer,
      dashed: i >= 6,
      points: snapshots.slice(1).map((s) => [at(s), normOf(s)]),
    };
  });
  const x = { label: 'epoch' };
  return [
    figure(
      'learning rate',
      lineChart({
        title: 'learning rate by epoch',
        x,
        y: { label: 'learning rate' },
        lines: [rate],
      }),
    ),
    figure(
      'gradient norm by layer',
      lineChart({
        title: 'norm of the gradient of each layer by epoch',
        x,
        y: { label: 'norm', kind: 'log' },
        lines: norms,
      }),
    ),
  ];
}

function layerOf(weight: string): string {
  const end = weight.lastIndexOf('/');
  return end > 0 ? weight.slice(0, end) : weight;
}

const shortNumber = (x: number) => `${Number(x.toPrecision(2))}`;

function weightFigures(snapshots: readonly Snapshot[], at: Clock): string[] {
  const names = snapshots[0]?.weights.map((w) => w.name) ?? [];
  return evenly(names, MOST_FIGURES).map((name) => {
    const own = (s: Snapshot) => s.weights.find((w) => w.name === name);
    const [first, last] = [snapshots[0], snapshots.at(-1)].map((s) => s && own(s)?.norm);
    const ridges = evenly(snapshots, MOST_RIDGES).flatMap((s) => {
      const found = own(s);
      return found ? [{ label: shortNumber(at(s)), histogram: found.histogram }] : [];
    });
    const note = `norm ${shortNumber(first ?? 0)} → ${shortNumber(last ?? 0)}`;
    return figure(name, ridgeChart({ title: `${name} over time`, label: 'weight', ridges }), note);
  });
}

function activationFigures(snapshots: readonly Snapshot[], at: Clock): string[] {
  const layers = snapshots[0]?.activations.map((a) => a.layer) ?? [];
  return evenly(layers, MOST_FIGURES).map((layer) => {
    const own = (s: Snapshot) => s.activations.find((a) => a.layer === layer);
    const [first, last] = [snapshots[0], snapshots.at(-1)].map((s) => (s && own(s)?.zeros) ?? 0);
    const ridges = evenly(snapshots, MOST_RIDGES).flatMap((s) => {
      const found = own(s);
      return found ? [{ label: shortNumber(at(s)), histogram: found.histogram }] : [];
    });
    const share = (x = 0) => `${Math.round(100 * x)} %`;
    const note = first || last ? `exactly 0: ${share(first)} → ${share(last)}` : '';
    const chart = ridgeChart({
      title: `${layer} over time`,
      label: 'activation',
      ridges,
      color: 2,
    });
    return figure(layer, chart, note);
  });
}
