import type { Table } from '../data/table.ts';
import { sizeOf } from '../graph/shape.ts';
import { reachable } from '../graph/walk.ts';
import { MemoryError } from '../runtime/errors.ts';
import type { ModelCore } from './core.ts';
import { hostFeed } from './feed.ts';
import type { FitOptions } from './fit.ts';
import type { FinalFigures } from './history.ts';
import { measureTables } from './measureTables.ts';
import { SAMPLE_WEIGHT, traceLoss } from './programs.ts';

/** Examples of each part that are measured. */
const EXAMPLES = 5000;

/** The figure by which a model of one output is judged. */
export function errorMetric({ requireCompiled }: ModelCore): FinalFigures['metric'] | undefined {
  const [own, ...others] = requireCompiled.losses.values();
  if (!own || others.length) return undefined;
  const { loss, metrics } = own;
  const named = metrics.some((m) => /accuracy$/i.test(typeof m === 'string' ? m : m.name));
  const name = String(loss.config?.name ?? loss.name);
  const classes = named || loss.targets === 'labels' || /crossentropy|hinge/i.test(name);
  return classes ? 'accuracy' : 'r2';
}

/** That figure over checked data, each example counting the same. */
export async function figureOf(
  core: ModelCore,
  tables: readonly Table[],
  metric: FinalFigures['metric'],
): Promise<number> {
  const plain = tables.filter((t) => t.name !== SAMPLE_WEIGHT).map(spread);
  const values = await measureTables(core, plain, [metric]);
  return values[metric]?.data[0] ?? Number.NaN;
}

/** What acts at random in training, and what was done against overfitting. */
export function trainingWays(core: ModelCore, tables: readonly Table[], options: FitOptions) {
  const traced = traceLoss(core.network, core.requireCompiled, tables.map(hostFeed), 1, true);
  const random = reachable([traced.loss]).find(({ op }) => op.random);
  const mixing = (['mixup', 'cutmix'] as const).filter((name) => options[name]);
  const types = core.layers.map((l) => l.type);
  const early = options.callbacks?.some((c) => typeof c === 'object' && c.kind);
  const used = [
    ...(types.some((t) => /dropout/i.test(t)) ? ['dropout'] : []),
    ...(traced.trace.penalties.length ? ['L2'] : []),
    ...(types.some((t) => /^(random|augmentation)/.test(t)) ? ['augmentation'] : []),
    ...(types.includes('gaussianNoise') ? ['noise'] : []),
    ...mixing,
    ...(early ? ['early stopping'] : []),
  ];
  const noise = random ? `layer "${random.scope}"` : mixing[0];
  return { used, ...(noise ? { noise } : {}) };
}

/** The figures of the model as it is now; undefined where there are several outputs or no room for the examples. */
export async function finalFigures(
  core: ModelCore,
  training: readonly Table[],
  validation: readonly Table[],
  used: readonly string[],
): Promise<FinalFigures | undefined> {
  const metric = errorMetric(core);
  if (!metric) return undefined;
  try {
    const train = await figureOf(core, training, metric);
    const dev = await figureOf(core, validation, metric);
    const images = [...core.network.inputs.values()].some((row) => (row?.length ?? 0) > 1);
    return { metric, train, dev, used, images };
  } catch (error) {
    if (error instanceof MemoryError) return undefined;
    throw error;
  }
}

/** At most so many rows of a table, spread evenly. */
function spread(table: Table): Table {
  const n = table.shape[0] as number;
  if (n <= EXAMPLES) return table;
  const row = table.shape.slice(1);
  const width = sizeOf(row);
  const data = table.data.slice(0, EXAMPLES * width);
  for (let i = 0; i < EXAMPLES; i++) {
    const from = Math.floor((i * n) / EXAMPLES) * width;
    data.set(table.data.subarray(from, from + width), i * width);
  }
  return { ...table, data, shape: [EXAMPLES, ...row] };
}
