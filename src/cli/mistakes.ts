import type { Dataset } from '../data/dataset.ts';
import {
  type FeatureColumn,
  type Preprocessing,
  type TablePreprocessing,
  widthOf,
} from '../data/preprocess.ts';
import type { ArrayData } from '../data/table.ts';
import { writePng } from '../formats/png.ts';
import { sizeOf } from '../graph/shape.ts';
import { type Confusion, confusedPairs } from '../report/classes.ts';
import type { Mistake, RunDetails } from '../report/details.ts';
import { number } from '../report/terminal.ts';
import type { Model } from '../train/model.ts';
import { BATCH, values } from './score.ts';

/** Mistakes that are shown, of pictures and of rows; columns of a row. */
const PICTURES = 24;
const ROWS = 12;
const COLUMNS = 16;
/** Classes up to which the whole matrix is kept. */
const MATRIX = 30;

type Found = Pick<RunDetails, 'classNames' | 'confusion' | 'confused' | 'mistakes'>;

/** What the model gets wrong, the worst examples in words and pictures. */
export async function findMistakes(
  model: Model,
  data: Dataset,
  preprocessing: Preprocessing,
): Promise<Found> {
  if (data.task === 'regression')
    return { mistakes: await worstValues(model, data, preprocessing) };
  const names = data.classNames ?? [];
  const truth = data.y as Int32Array;
  const { data: shares } = await model.predict(data.x, { batchSize: BATCH });
  const predicted = argMaxRows(shares, names.length);
  const matrix = names.map(() => new Array<number>(names.length).fill(0));
  truth.forEach((t, i) => {
    const row = matrix[t] as number[];
    const p = predicted[i] as number;
    row[p] = (row[p] as number) + 1;
  });
  const share = (i: number, c: number) => shares[i * names.length + c] as number;
  const wrong = [...truth.keys()].filter((i) => predicted[i] !== truth[i]);
  wrong.sort((a, b) => share(a, truth[a] as number) - share(b, truth[b] as number));
  const worst = wrong.slice(0, preprocessing.kind === 'images' ? PICTURES : ROWS);
  const mistakes = worst.map(async (i): Promise<Mistake> => {
    const [t, p] = [truth[i] as number, predicted[i] as number];
    const said = { truth: names[t] as string, predicted: names[p] as string };
    return { ...said, probability: share(i, p), ...(await shown(data, preprocessing, i)) };
  });
  return {
    classNames: names,
    ...classFigures(matrix, names),
    mistakes: await Promise.all(mistakes),
  };
}

function classFigures(matrix: Confusion, names: readonly string[]) {
  const confused = confusedPairs(matrix, names);
  return matrix.length > MATRIX ? { confused } : { confused, confusion: matrix as number[][] };
}

function argMaxRows(all: ArrayLike<number>, width: number): Int32Array {
  return Int32Array.from({ length: all.length / width }, (_, row) => {
    let best = 0;
    for (let c = 1; c < width; c++)
      if ((all[row * width + c] as number) > (all[row * width + best] as number)) best = c;
    return best;
  });
}

async function worstValues(
  model: Model,
  data: Dataset,
  preprocessing: Preprocessing,
): Promise<Mistake[]> {
  const { truth, predicted } = await values(model, data, preprocessing);
  const miss = (i: number) => Math.abs((predicted[i] as number) - (truth[i] as number));
  const worst = [...truth.keys()].sort((a, b) => miss(b) - miss(a)).slice(0, ROWS);
  const mistakes = worst.map(async (i): Promise<Mistake> => {
    const said = { truth: number(truth[i] as number), predicted: number(predicted[i] as number) };
    return { ...said, ...(await shown(data, preprocessing, i)) };
  });
  return Promise.all(mistakes);
}

/** Example i as a picture, or as the cells of its row. */
async function shown(
  { x }: Dataset,
  preprocessing: Preprocessing,
  i: number,
): Promise<Pick<Mistake, 'png' | 'row'>> {
  const one = exampleAt(x, i);
  if (preprocessing.kind === 'table')
    return { row: rowOf(preprocessing, Array.from(one.data, Number)) };
  return { png: Buffer.from(await pngOf(one)).toString('base64') };
}

/** Example i alone. */
export function exampleAt(x: ArrayData, i: number): ArrayData {
  const shape = x.shape.slice(1);
  const size = sizeOf(shape);
  return { ...x, data: x.data.slice(i * size, (i + 1) * size), shape: [1, ...shape] };
}

/** One image as PNG. */
export function pngOf({ data, shape, scale = 1 }: ArrayData) {
  const [, height = 1, width = 1, channels = 1] = shape;
  const bytes = Uint8Array.from(data, (v) => Math.round(Math.min(1, Math.max(0, v * scale)) * 255));
  return writePng(bytes, width, height, channels === 3 ? 3 : 1);
}

/** Cells of a row as they were before preprocessing. */
function rowOf({ columns }: TablePreprocessing, cells: readonly number[]): [string, string][] {
  let at = 0;
  const row = columns.map((column): [string, string] => {
    const width = widthOf(column);
    at += width;
    return [column.name, cellOf(column, cells.slice(at - width, at))];
  });
  return row.slice(0, COLUMNS);
}

function cellOf(column: FeatureColumn, cells: readonly number[]): string {
  if (column.kind === 'number') return number((cells[0] as number) * column.std + column.mean);
  if (column.kind === 'text') return column.words.filter((_, i) => cells[i] === 1).join(' ');
  return column.categories[cells.indexOf(1)] ?? '?';
}
