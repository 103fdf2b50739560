import type { Loss } from '../nn/loss.ts';
import type { Named } from '../nn/named.ts';
import { regularizer as findRegularizer, type Regularizer } from '../nn/regularizer.ts';
import { optimizer as findOptimizer } from '../optim/index.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { checkOptions, OptionError, shown, unknownName } from '../runtime/errors.ts';
import type { Compiled } from './core.ts';
import { checkWhole } from './options.ts';
import {
  findLoss,
  findMetric,
  isLoss,
  isNumber,
  type MetricList,
  type PerOutput,
  perOutput,
} from './outputs.ts';

export interface CompileOptions {
  /** A name (`adam`) or an optimiser. */
  readonly optimizer: string | Named | Optimizer;
  /** A name, `losses.…(options)` or a function of targets and predictions; or one for each output. */
  readonly loss: PerOutput<string | Named | Loss>;
  /** A list for every output, or lists by output. */
  readonly metrics?: MetricList | Readonly<Record<string, MetricList>>;
  /** Metrics in which sample and class weights count. */
  readonly weightedMetrics?: MetricList | Readonly<Record<string, MetricList>>;
  /** Penalty of all weights that have none of their own, such as `'l2'` or `regularizers.l2(0.1)`. Default none. */
  readonly regularizer?: string | Named | Regularizer;
  /** Whether it is for biases and other vectors too, default false. */
  readonly regularizeBiases?: boolean;
  /** Factor of each output's loss in the total. */
  readonly lossWeights?: PerOutput<number>;
  /** Batches whose gradients are averaged before each update, default 1. */
  readonly gradientAccumulationSteps?: number;
}

const COMPILE_OPTIONS = [
  'optimizer',
  'loss',
  'metrics',
  'weightedMetrics',
  'regularizer',
  'regularizeBiases',
  'lossWeights',
  'gradientAccumulationSteps',
] satisfies (keyof CompileOptions)[];

function metricLists(
  what: string,
  metrics: NonNullable<CompileOptions['metrics']>,
  names: readonly string[],
): MetricList[] {
  if (Array.isArray(metrics)) return names.map(() => metrics);
  if (typeof metrics !== 'object' || metrics === null)
    throw new OptionError(`compile: ${what} is ${shown(metrics)}, expected a list, or by output`);
  const byName = metrics as Readonly<Record<string, MetricList>>;
  for (const key of Object.keys(byName))
    if (!names.includes(key)) unknownName(`output in ${what}`, key, names);
  return names.map((name) => byName[name] ?? []);
}

/** What the options mean for the outputs of these names. */
export function resolveCompile(options: CompileOptions, names: readonly string[]): Compiled {
  checkOptions('compile', options, COMPILE_OPTIONS);
  const { gradientAccumulationSteps = 1, lossWeights = 1, metrics = [] } = options;
  checkWhole('gradientAccumulationSteps', gradientAccumulationSteps, 1);
  const losses = perOutput('loss', options.loss, names, isLoss).map((l) => findLoss(l));
  const weights = perOutput('lossWeights', lossWeights, names, isNumber);
  const plain = metricLists('metrics', metrics, names);
  const weighted = metricLists('weightedMetrics', options.weightedMetrics ?? [], names);
  losses.forEach((loss, i) => {
    for (const m of [...(plain[i] ?? []), ...(weighted[i] ?? [])]) findMetric(m, loss);
  });
  const regularizer = options.regularizer && findRegularizer(options.regularizer);
  const outputs = names.map((name, i) => {
    const metricsOf = { metrics: plain[i] ?? [], weightedMetrics: weighted[i] ?? [] };
    const own = { loss: losses[i] as Loss, weight: weights[i] as number, ...metricsOf };
    return [name, own] as const;
  });
  return {
    optimizer: findOptimizer(options.optimizer),
    accumulate: gradientAccumulationSteps,
    regularizer: regularizer || undefined,
    regularizeBiases: options.regularizeBiases ?? false,
    losses: new Map(outputs),
  };
}
