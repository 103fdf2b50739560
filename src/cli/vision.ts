import type { NDArray } from '../compile/array.ts';
import type { Dataset } from '../data/dataset.ts';
import type { RunDetails, Seen, Vision } from '../report/details.ts';
import { pictures } from '../report/pictures.ts';
import type { Model } from '../train/model.ts';
import { exampleAt, pngOf } from './mistakes.ts';

/** Images that are looked at, of different classes. */
const IMAGES = 6;
/** Bytes of a picture of activations that the page still holds. */
const LARGEST = 200_000;

/** How a convolutional network sees the first images of some classes: filters, activations, saliency and Grad-CAM. */
export async function findVision(model: Model, data: Dataset): Promise<Pick<RunDetails, 'vision'>> {
  if (data.task === 'regression' || !model.layers.some((l) => /conv/i.test(l.type))) return {};
  const names = data.classNames ?? [];
  const truth = data.y as Int32Array;
  const chosen = names.flatMap((_, c) => {
    const first = truth.indexOf(c);
    return first < 0 ? [] : [first];
  });
  let whole: Omit<Vision, 'examples'> | undefined;
  const examples: Seen[] = [];
  for (const i of chosen.slice(0, IMAGES)) {
    const image = exampleAt(data.x, i);
    const { look, files } = await pictures(model, image);
    const [filters, saliency, gradCam] = ['filters', 'saliency', 'grad-cam'].map((name) =>
      base64(files[`${name}.png`]),
    );
    whole ??= { filters, activations: mapsOf(look.activations, files) };
    examples.push({
      truth: names[truth[i] as number] as string,
      predicted: names[look.classIndex] as string,
      probability: look.output.data[look.classIndex] as number,
      png: base64(await pngOf(image)) as string,
      saliency: saliency as string,
      gradCam: gradCam as string,
    });
  }
  return whole ? { vision: { ...whole, examples } } : {};
}

/** Activations of several channels: of layers in a row with one shape the last, and not what is too large for a page. */
function mapsOf(
  activations: Readonly<Record<string, NDArray>>,
  files: Readonly<Record<string, Uint8Array>>,
): Vision['activations'] {
  const runs: { first: string; last: string; shape: readonly number[] }[] = [];
  for (const [layer, { shape }] of Object.entries(activations)) {
    const run = runs.at(-1);
    if (run && String(run.shape) === String(shape)) run.last = layer;
    else runs.push({ first: layer, last: layer, shape });
  }
  return runs.flatMap(({ first, last, shape }): [string, string][] => {
    const file = files[`activations-${last}.png`];
    if (file === undefined || file.length > LARGEST || (shape[2] ?? 0) <= 3) return [];
    return [[first === last ? first : `${first} … ${last}`, base64(file) as string]];
  });
}

function base64(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('base64');
}
