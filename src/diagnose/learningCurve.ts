import type { Dataset } from '../data/dataset.ts';
import { takeExamples } from '../data/split.ts';
import { checkOptions, OptionError } from '../runtime/errors.ts';
import type { FitOptions } from '../train/fit.ts';
import { formatTable } from '../train/inspect.ts';
import type { Model } from '../train/model.ts';

/** Makes a compiled model with an accuracy or other metric; by name where several sizes are compared. */
export type ModelMaker = () => Model;

export interface LearningCurveOptions {
  readonly fit?: Pick<FitOptions, 'epochs' | 'batchSize' | 'callbacks'>;
  /** Metric that is reported; default `accuracy`, of which the error is 1 − accuracy. Others are reported as they are. */
  readonly metric?: string;
}

export interface CurvePoint {
  readonly model: string;
  readonly examples: number;
  readonly trainError: number;
  readonly devError: number;
}

export interface LearningCurve {
  /** Models in the order given, each by growing amount of data. */
  readonly points: readonly CurvePoint[];
  toString(): string;
}

export async function learningCurve(
  makeModel: ModelMaker | Readonly<Record<string, ModelMaker>>,
  data: { readonly train: Dataset; readonly dev: Dataset },
  sizes: readonly number[],
  options: LearningCurveOptions = {},
): Promise<LearningCurve> {
  checkOptions('learningCurve', options, ['fit', 'metric']);
  const { fit = {}, metric = 'accuracy' } = options;
  const most = data.train.x.shape[0] as number;
  for (const n of sizes)
    if (!(Number.isSafeInteger(n) && n >= 1 && n <= most))
      throw new OptionError(`learningCurve: size ${n} of ${most} training examples`);
  const makers = typeof makeModel === 'function' ? { model: makeModel } : makeModel;
  const points: CurvePoint[] = [];
  for (const [name, make] of Object.entries(makers)) {
    for (const examples of [...sizes].sort((a, b) => a - b)) {
      const rows = Int32Array.from({ length: examples }, (_, i) => i);
      const part = takeExamples(data.train, rows);
      const model = make();
      try {
        await model.fit(part.x, part.y, fit);
        const trainError = await errorOf(model, part, metric);
        const devError = await errorOf(model, data.dev, metric);
        points.push({ model: name, examples, trainError, devError });
      } finally {
        model.dispose();
      }
    }
  }
  return { points, toString: () => curveTable(points) };
}

async function errorOf(model: Model, { x, y }: Dataset, metric: string): Promise<number> {
  const logs = await model.evaluate(x, y, { batchSize: 256 });
  const value = logs[metric];
  if (value === undefined)
    throw new OptionError(
      `learningCurve: metric "${metric}" is not among ${Object.keys(logs).join(', ')}`,
    );
  return /accuracy$/i.test(metric) ? 1 - value : value;
}

function curveTable(points: readonly CurvePoint[]): string {
  const rows = points.map((p) => [
    p.model,
    String(p.examples),
    p.trainError.toFixed(4),
    p.devError.toFixed(4),
  ]);
  return formatTable(['model', 'examples', 'train error', 'dev error'], rows);
}
