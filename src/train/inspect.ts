import { formatShape, type Shape } from '../graph/shape.ts';
import type { MemoryInfo } from '../runtime/engine.ts';
import type { ModelCore } from './core.ts';

/** Columns of a table aligned, numbers to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((h, c) => Math.max(h.length, ...rows.map((r) => (r[c] ?? '').length)));
  const numeric = (text: string) => /^[\d.,%–-]/.test(text);
  const line = (cells: readonly string[]) =>
    cells
      .map((t, c) => (numeric(t) ? t.padStart(widths[c] ?? 0) : t.padEnd(widths[c] ?? 0)))
      .join('  ')
      .trimEnd();
  return [line(head), widths.map((w) => '─'.repeat(w)).join('  '), ...rows.map(line)].join('\n');
}

export function summarize(core: ModelCore): string {
  const { trace } = core.trace(1, false);
  const rows = [...trace.layers].map((l) => {
    const size = l.variables.reduce((sum, v) => sum + v.size, 0);
    const shapes = l.variables.map((v) => formatShape(v.shape)).join(' ');
    return [`${l.label} (${l.type})`, shapes || '–', size.toLocaleString('en')];
  });
  const count = (frozen: boolean) =>
    [...trace.variables]
      .filter((v) => trace.frozen.has(v) === frozen)
      .reduce((sum, v) => sum + v.size, 0)
      .toLocaleString('en');
  const inputs = [...core.network.inputs]
    .map(([name, shape]) => `${name} ${formatShape(shape as Shape)}`)
    .join(', ');
  return [
    `Model "${core.network.name}": ${inputs}`,
    formatTable(['layer', 'weights', 'parameters'], rows),
    `trainable ${count(false)}, not trainable ${count(true)}`,
  ].join('\n');
}

/** Bytes of a model, which hold no examples but those of one batch. */
export interface MemoryReport {
  /** Weights and statistics. */
  readonly variables: number;
  /** Gradients, and what the optimiser keeps. */
  readonly training: number;
  /** What programs compute in, as large as the largest needs at once; with the tables of steps and their results. */
  readonly workspace: number;
  readonly programs: number;
  /** All of them: the peak of a training step too, as steps allocate nothing. */
  readonly total: number;
  /** The engine's WebAssembly memory: its size, what is given out, the most that ever was, and to which size it may grow. */
  readonly engine: MemoryInfo;
}

export function memoryOf(core: ModelCore): MemoryReport {
  const parts = core.state.memory();
  const total = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return { ...parts, total, engine: core.state.engine.memory() };
}
