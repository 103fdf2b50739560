import type { Dataset } from '../data/dataset.ts';
import type { Preprocessing } from '../data/preprocess.ts';
import { confusion, confusionText } from '../report/classes.ts';
import { regressionScore, residualText } from '../report/residuals.ts';
import type { Logs } from '../train/history.ts';
import type { Model } from '../train/model.ts';

const BATCH = 500;

/** Loss with accuracy, or with errors in the target's units. */
export async function score(
  model: Model,
  data: Dataset,
  preprocessing: Preprocessing,
): Promise<Logs> {
  const logs = await model.evaluate(data.x, data.y, { batchSize: BATCH });
  if (data.task === 'classification') return logs;
  const { truth, predicted } = await values(model, data, preprocessing);
  return { ...logs, ...regressionScore(truth, predicted) };
}

/** Confusion matrix or residuals as text. */
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
  const outputs = await model.predict(data.x, { batchSize: BATCH });
  const predicted = argMaxRows(outputs.data, names.length);
  return `true class by row, predicted by column:\n${confusionText(confusion(data.y as Int32Array, predicted, names.length), names)}`;
}

function argMaxRows(values: ArrayLike<number>, width: number): Int32Array {
  return Int32Array.from({ length: values.length / width }, (_, row) => {
    let best = 0;
    for (let c = 1; c < width; c++) {
      if ((values[row * width + c] as number) > (values[row * width + best] as number)) best = c;
    }
    return best;
  });
}

/** Truth and prediction in the target's units. */
async function values(model: Model, { x, y }: Dataset, preprocessing: Preprocessing) {
  const { mean, std } =
    preprocessing.kind === 'table' && 'mean' in preprocessing.target
      ? preprocessing.target
      : { mean: 0, std: 1 };
  const restored = (data: ArrayLike<number>) => Float64Array.from(data, (v) => v * std + mean);
  const truth = y instanceof Int32Array ? y : y.data;
  const outputs = await model.predict(x, { batchSize: BATCH });
  return { truth: restored(truth), predicted: restored(outputs.data) };
}
