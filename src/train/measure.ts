import type { NDArray } from '../compile/array.ts';
import { checkOptions, OptionError, shown } from '../runtime/errors.ts';
import type { ModelCore } from './core.ts';
import { measureData, withData } from './evaluate.ts';
import { withMetrics } from './measureTables.ts';
import { coreOf, type Model } from './model.ts';
import type { Inputs } from './networkCore.ts';
import type { MetricList } from './outputs.ts';

export interface MeasureOptions {
  /** Examples a step, default 500. */
  readonly batchSize?: number;
  readonly sampleWeight?: ArrayLike<number>;
}

async function run(
  core: ModelCore,
  x: Inputs,
  y: Inputs,
  list: MetricList,
  { batchSize = 500, sampleWeight }: MeasureOptions,
): Promise<Record<string, NDArray>> {
  return withData(core, x, y, sampleWeight, async (data) => {
    const compiled = withMetrics(core.requireCompiled, list);
    return (await measureData(core, data, batchSize, compiled)).values;
  });
}

export function measure(
  model: Model,
  x: Inputs,
  y: Inputs,
  list: MetricList,
  options: MeasureOptions = {},
): Promise<Record<string, NDArray>> {
  const core = coreOf(model);
  if (!Array.isArray(list))
    throw new OptionError(`measure: metrics are ${shown(list)}, expected a list`);
  checkOptions('measure', options, ['batchSize', 'sampleWeight']);
  return core.exclusively('measure', () => run(core, x, y, list, options));
}

export async function confusionMatrix(
  model: Model,
  x: Inputs,
  y: Inputs,
  options: MeasureOptions = {},
): Promise<NDArray> {
  const { confusionMatrix: matrix, ...others } = await measure(
    model,
    x,
    y,
    ['confusionMatrix'],
    options,
  );
  if (matrix) return matrix;
  throw new OptionError(
    `confusionMatrix: the model has several outputs (${Object.keys(others)}): use measure`,
  );
}
