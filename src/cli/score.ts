import type { NDArray } from '../compile/array.ts';
import type { Dataset } from '../data/dataset.ts';
import type { Preprocessing } from '../data/preprocess.ts';
import { confusionOf, confusionText, scoresText } from '../report/classes.ts';
import { residualText } from '../report/residuals.ts';
import { isA } from '../runtime/kind.ts';
import type { Logs } from '../train/history.ts';
import { confusionMatrix, measure } from '../train/measure.ts';
import type { Model } from '../train/model.ts';

export const BATCH = 500;

/** Loss with accuracy, or with errors in the target's units. */
export async function score(
  model: Model,
  { task, x, y }: Dataset,
  preprocessing: Preprocessing,
): Promise<Logs> {
  const options = { batchSize: BATCH };
  const logs = await model.evaluate(x, y, options);
  if (task === 'classification') return logs;
  const { rmse, mae, r2 } = await measure(model, x, y, ['rmse', 'mae', 'r2'], options);
  const value = (figure: NDArray | undefined) => figure?.data[0] as number;
  const { std } = units(preprocessing);
  return { ...logs, rmse: value(rmse) * std, mae: value(mae) * std, r2: value(r2) };
}

/** Confusion matrix with the figures of each class, or residuals, as text. */
export async function mistakes(
  model: Model,
  data: Dataset,
  preprocessing: Preprocessing,
): Promise<string> {
  if (data.task === 'regression') {
    const { truth, predicted } = await values(model, data, preprocessing);
    return `prediction − truth:\n${residualText(truth, predicted)}`;
  }
  const names = data.classNames as readonly string[];
  const matrix = confusionOf(await confusionMatrix(model, data.x, data.y, { batchSize: BATCH }));
  return [
    `true class by row, predicted by column:\n${confusionText(matrix, names)}`,
    scoresText(matrix, names),
  ].join('\n\n');
}

/** What the target was normalised by. */
function units(preprocessing: Preprocessing): { mean: number; std: number } {
  return preprocessing.kind === 'table' && 'mean' in preprocessing.target
    ? preprocessing.target
    : { mean: 0, std: 1 };
}

/** Truth and prediction in the target's units. */
export async function values(model: Model, { x, y }: Dataset, preprocessing: Preprocessing) {
  const { mean, std } = units(preprocessing);
  const restored = (data: ArrayLike<number>) => Float64Array.from(data, (v) => v * std + mean);
  const truth = isA(y, 'Int32Array') ? y : y.data;
  const outputs = await model.predict(x, { batchSize: BATCH });
  return { truth: restored(truth), predicted: restored(outputs.data) };
}
