import { type Mode, modeOf } from '../nn/metric.ts';
import type { Compiled } from './core.ts';
import { labelledMetrics } from './outputs.ts';

/** Which values of a log are better, by the loss or metric that it is of; undefined: that is not known. */
export function directionOf({ losses }: Compiled, log: string): Mode | undefined {
  const known = new Map<string, Mode | undefined>([['loss', 'min']]);
  for (const [output, own] of losses) {
    const title = (label: string) => (losses.size > 1 ? `${output}_${label}` : label);
    known.set(title('loss'), 'min');
    for (const { label, metric } of labelledMetrics(own)) known.set(title(label), modeOf(metric));
  }
  const name = known.has(log) ? log : log.replace(/^val_/, '');
  if (known.has(name)) return known.get(name);
  // One of several figures of a metric, such as f1Score_2.
  return known.get(name.replace(/(_\d+)+$/, ''));
}
