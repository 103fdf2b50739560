import type { Json, JsonReader } from '../formats/json.ts';
import { type Named, toPlain } from '../nn/named.ts';
import { regularizer } from '../nn/regularizer.ts';
import { optimizer as findOptimizer, optimizerConfig, optimizers } from '../optim/index.ts';
import { messageOf, OptionError } from '../runtime/errors.ts';
import type { Compiled } from './core.ts';
import type { CompileOptions } from './model.ts';
import { findLoss, findMetric } from './outputs.ts';

type PerName<T> = Readonly<Record<string, T>>;

/** Plain data that `compile` can be called with again. */
export interface CompiledConfig {
  readonly optimizer: Named;
  readonly loss: PerName<Named>;
  readonly metrics: PerName<readonly (string | Named)[]>;
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
      metrics: Object.fromEntries(
        outputs.map(([name, { loss, metrics }]) => [
          name,
          metrics.map((m) =>
            typeof m === 'string' ? m : plain(`metric of "${name}"`, findMetric(m, loss)),
          ),
        ]),
      ),
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

/** Options for `compile` from the JSON of `compiledConfig`. Throws `DataError` naming file and place. */
export function compileOptionsFrom(json: JsonReader): CompileOptions {
  const losses = json
    .get('loss')
    .entries()
    .map(([name, l]) => [name, found(l, () => findLoss(named(l)))] as const);
  const byOutput = new Map(losses);
  const metrics = json
    .get('metrics')
    .entries()
    .map(([name, list]) => {
      const loss = byOutput.get(name) ?? list.fail('no loss is given for this output');
      return [
        name,
        list.list().map((m) =>
          found(m, () => {
            const metric = findMetric(typeof m.value === 'string' ? m.value : named(m), loss);
            return typeof m.value === 'string' ? m.value : metric;
          }),
        ),
      ] as const;
    });
  const optimizer = json.get('optimizer');
  const penalty = json.optional('regularizer');
  return {
    optimizer: found(optimizer, () => findOptimizer(named(optimizer))),
    loss: Object.fromEntries(losses),
    metrics: Object.fromEntries(metrics),
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
