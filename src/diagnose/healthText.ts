import { formatTable } from '../train/inspect.ts';
import type { HealthSample, Magnitude } from './health.ts';

const shown = (m: Magnitude | undefined) => (m ? m.log10.toFixed(1) : '–');
const share = (x: number | undefined) => (x === undefined ? '–' : `${(100 * x).toFixed(1)}%`);

/** A sample as tables, and the warnings. */
export function healthText(sample: HealthSample, warnings: readonly string[]): string {
  const layers = sample.layers.map((l) => [
    l.layer,
    shown(l.activation),
    shown(l.gradient),
    share(l.saturated ?? l.wrong),
    share(l.dead),
  ]);
  const weights = sample.weights.map((w) => [
    w.name,
    shown(w.weight),
    shown(w.gradient),
    w.ratio.toPrecision(2),
  ]);
  return [
    `step ${sample.step}, sizes as decimal logarithms`,
    formatTable(['layer', 'activation', 'gradient', 'saturated', 'dead'], layers),
    '',
    formatTable(['weight', 'size', 'gradient', 'update/weight'], weights),
    ...(warnings.length ? ['', ...warnings] : []),
  ].join('\n');
}
