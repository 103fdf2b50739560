import type { NDArray } from '../compile/array.ts';
import type { Table } from '../data/table.ts';
import type { Compiled, ModelCore } from './core.ts';
import { measureData, release } from './evaluate.ts';
import { ResidentData } from './feed.ts';
import type { MetricList } from './outputs.ts';

/** `compiled` with these metrics for every output, all of them with sample weights. */
export function withMetrics(compiled: Compiled, weightedMetrics: MetricList): Compiled {
  const outputs = [...compiled.losses].map(
    ([name, own]) => [name, { ...own, metrics: [], weightedMetrics }] as const,
  );
  return { ...compiled, losses: new Map(outputs) };
}

/** Metrics of every output over checked data. */
export async function measureTables(
  core: ModelCore,
  tables: readonly Table[],
  list: MetricList,
  batchSize = 500,
): Promise<Record<string, NDArray>> {
  const data = await ResidentData.open(core.state.engine, tables, false);
  try {
    const compiled = withMetrics(core.requireCompiled, list);
    return (await measureData(core, data, batchSize, compiled)).values;
  } finally {
    release(core, data);
  }
}
