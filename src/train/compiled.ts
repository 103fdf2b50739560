import type { Json, JsonReader } from '../formats/json.ts';
import type { Loss } from '../nn/loss.ts';
import { type Named, toPlain } from '../nn/named.ts';
import { regularizer } from '../nn/regularizer.ts';
import { optimizer as findOptimizer, optimizerConfig, optimizers } from '../optim/index.ts';
import { messageOf, OptionError } from '../runtime/errors.ts';
import type { CompileOptions } from './compileOptions.ts';
import type { Compiled } from './core.ts';
import { findLoss, findMetric, type MetricList, type OutputLoss } from './outputs.ts';

type PerName<T> = Readonly<Record<string, T>>;

/** Plain data that `compile` can be called with again. */
export interface CompiledConfig {
  readonly optimizer: Named;
  readonly loss: PerName<Named>;
  readonly metrics: PerName<readonly (string | Named)[]>;
  readonly weightedMetrics?: PerName<readonly (string | Named)[]>;
  readonly lossWeights: PerName<number>;
  readonly gradientAccumulationSteps: number;
  readonly regularizer?: Named;
  readonly regularizeBiases?: boolean;
}

/** What rebuilds the settings of `compile`. Throws `OptionError` when they hold functions or an optimiser of the user's. */
export function compiledConfig(compiled: Compiled): CompiledConfig {
  const { optimizer, losses, accumulate, regularizer: penalty, regularizeBiases } = compiled;
  const outputs = [...losses];
  const plain = (what: string, value: unknown) => toPlain(what, value) as Named;
  try {
    if (!Object.hasOwn(optimizers, optimizer.name))
      throw new OptionError(`optimizer "${optimizer.name}" is your own, which cannot be saved`);
    return {
      optimizer: optimizerConfig(optimizer),
      loss: Object.fromEntries(
        outputs.map(([name, { loss }]) => [name, plain(`loss of "${name}"`, loss)]),
      ),
      metrics: metricConfigs(outputs, 'metrics'),
      ...(outputs.some(([, o]) => o.weightedMetrics?.length)
        ? { weightedMetrics: metricConfigs(outputs, 'weightedMetrics') }
        : {}),
      lossWeights: Object.fromEntries(outputs.map(([name, { weight }]) => [name, weight])),
      gradientAccumulationSteps: accumulate,
      ...(penalty ? { regularizer: plain('regularizer', penalty) } : {}),
      ...(regularizeBiases ? { regularizeBiases } : {}),
    };
  } catch (cause) {
    if (!(cause instanceof OptionError)) throw cause;
    throw new OptionError(
      `${cause.message}; with { compiled: false } the model is saved without what compile was given`,
      { cause },
    );
  }
}

function metricConfigs(
  outputs: readonly [name: string, output: OutputLoss][],
  kind: 'metrics' | 'weightedMetrics',
): CompiledConfig['metrics'] {
  return Object.fromEntries(
    outputs.map(([name, output]) => [
      name,
      (output[kind] ?? []).map((m) =>
        typeof m === 'string'
          ? m
          : (toPlain(`metric of "${name}"`, findMetric(m, output.loss)) as Named),
      ),
    ]),
  );
}

/** Options for `compile` from the JSON of `compiledConfig`. Throws `DataError` naming file and place. */
export function compileOptionsFrom(json: JsonReader): CompileOptions {
  const losses = json
    .get('loss')
    .entries()
    .map(([name, l]) => [name, found(l, () => findLoss(named(l)))] as const);
  const optimizer = json.get('optimizer');
  const weighted = json.optional('weightedMetrics');
  const penalty = json.optional('regularizer');
  return {
    optimizer: found(optimizer, () => findOptimizer(named(optimizer))),
    loss: Object.fromEntries(losses),
    metrics: metricsFrom(json.get('metrics'), new Map(losses)),
    ...(weighted ? { weightedMetrics: metricsFrom(weighted, new Map(losses)) } : {}),
    lossWeights: Object.fromEntries(
      json
        .get('lossWeights')
        .entries()
        .map(([name, w]) => [name, w.number()]),
    ),
    gradientAccumulationSteps: json.get('gradientAccumulationSteps').count(),
    ...(penalty ? { regularizer: found(penalty, () => regularizer(named(penalty))) } : {}),
    regularizeBiases: json.optional('regularizeBiases')?.flag() ?? false,
  };
}

function metricsFrom(
  json: JsonReader,
  losses: ReadonlyMap<string, Loss>,
): Readonly<Record<string, MetricList>> {
  const lists = json.entries().map(([name, list]) => {
    const loss = losses.get(name) ?? list.fail('no loss is given for this output');
    const metrics = list.list().map((m) => {
      const metric = found(m, () =>
        findMetric(typeof m.value === 'string' ? m.value : named(m), loss),
      );
      return typeof m.value === 'string' ? m.value : metric;
    });
    return [name, metrics] as const;
  });
  return Object.fromEntries(lists);
}

function named(json: JsonReader): Named {
  return { ...(json.object() as Readonly<Record<string, Json>>), name: json.get('name').text() };
}

function found<T>(json: JsonReader, find: () => T): T {
  try {
    return find();
  } catch (error) {
    return json.fail(messageOf(error), error);
  }
}
