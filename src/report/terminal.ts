/** Parts of a report as plain text: no colours, nothing wider than it must be. */
import { formatTable } from '../train/inspect.ts';

const BLOCKS = '▁▂▃▄▅▆▇█';
const NOTHING = '·';

/** Values as a row of blocks, the least lowest; longer lists are averaged down to `width`. Not finite: a dot. */
export function sparkline(values: readonly number[], width = 40): string {
  const shown = condense(values, width);
  const finite = shown.filter(Number.isFinite);
  const low = Math.min(...finite);
  const range = Math.max(...finite) - low;
  return shown
    .map((v) => {
      if (!Number.isFinite(v)) return NOTHING;
      const level = range > 0 ? Math.round(((v - low) / range) * (BLOCKS.length - 1)) : 0;
      return BLOCKS[level] as string;
    })
    .join('');
}

function condense(values: readonly number[], width: number): readonly number[] {
  if (values.length <= width) return values;
  return Array.from({ length: width }, (_, i) => {
    const from = Math.floor((i * values.length) / width);
    const to = Math.floor(((i + 1) * values.length) / width);
    return values.slice(from, to).reduce((a, b) => a + b, 0) / (to - from);
  });
}

/** `share` of the width filled. */
export function bar(share: number, width: number, full = '█', empty = ' '): string {
  const filled = Math.round(Math.max(0, Math.min(1, share || 0)) * width);
  return full.repeat(filled) + empty.repeat(width - filled);
}

/** Four significant digits, without an exponent where few digits do. */
export function number(x: number): string {
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  if (size >= 1e7 || (size > 0 && size < 1e-4)) return x.toExponential(2);
  if (size >= 1000) return Math.round(x).toLocaleString('en');
  return size >= 1 || size === 0 ? x.toPrecision(4) : x.toFixed(4);
}

export function percent(share: number, digits = 2): string {
  return `${(100 * share).toFixed(digits)} %`;
}

export function count(n: number): string {
  return n.toLocaleString('en');
}

/** `1 epoch`, `2 epochs`. */
export function counted(n: number, what: string): string {
  return `${count(n)} ${what}${n === 1 ? '' : 's'}`;
}

/** What a model needs while it trains. */
export function memoryText({
  total,
  variables,
  training,
}: Readonly<Record<'total' | 'variables' | 'training', number>>): string {
  const [all, weights, kept] = [total, variables, training].map((b) => number(b / 1e6));
  return `${all} MB for a training step, ${weights} MB of it weights and ${kept} MB gradients and what the optimizer keeps`;
}

/** `1 h 02 min`, `2 min 05 s`, `3.4 s`. */
export function duration(seconds: number): string {
  if (seconds < 59.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (n: number) => String(n).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** Text in at most `width` columns, its end marked where it was cut. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** One curve a line: name, blocks, first and last value. */
export function curves(history: Readonly<Record<string, readonly number[]>>, width = 40): string {
  const entries = Object.entries(history).filter(([, values]) => values.length > 0);
  const name = Math.max(...entries.map(([n]) => n.length));
  const lines = entries.map(([label, values]) => {
    const line = sparkline(values, width).padEnd(Math.min(width, values.length));
    const ends = [values[0], values.at(-1)].map((v) => number(v as number));
    return `${label.padEnd(name)}  ${line}  ${ends.join(' → ')}`;
  });
  return lines.join('\n');
}

/** Named parts of a whole, the largest first. */
export function shares(
  head: string,
  parts: readonly (readonly [name: string, amount: number])[],
  unit: string,
  most = 5,
): string {
  const total = parts.reduce((sum, [, amount]) => sum + amount, 0);
  const rows = [...parts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, most)
    .map(([name, amount]) => [
      name,
      number(amount),
      percent(amount / total, 0),
      bar(amount / total, 20).trimEnd(),
    ]);
  return formatTable([head, unit, 'share', ''], rows);
}

export { formatTable as table };
