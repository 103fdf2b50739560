import type { Tensor } from '../graph/tensor.ts';
import { type AugmentationOptions, augmentation } from '../nn/augment.ts';
import { conv2D } from '../nn/conv.ts';
import { activationLayer, flatten, reshapeLayer } from '../nn/core.ts';
import { dense } from '../nn/dense.ts';
import { dropout } from '../nn/dropout.ts';
import type { Layer } from '../nn/layer.ts';
import { batchNormalization } from '../nn/norm.ts';
import { maxPooling2D } from '../nn/pooling.ts';
import { l2 } from '../nn/regularizer.ts';
import type { SequentialLayer } from '../train/model.ts';
import { UsageError, unknown } from './values.ts';

/** What a family of models must know to make one. */
export interface ModelTask {
  readonly task: 'classification' | 'regression';
  /** Shape of one example. */
  readonly inputShape: readonly number[];
  /** Classes, or numbers to predict. */
  readonly outputs: number;
  readonly dropout: number;
  readonly l2: number;
  /** Normalise behind each hidden product. */
  readonly batchNorm: boolean;
  /** Shift images at random in training. */
  readonly augment: boolean;
  /** Mirror half of them. */
  readonly flip: boolean;
}

export interface Family {
  /** How its sizes are written, and what they mean. */
  readonly usage: string;
  readonly help: string;
  /** Throws `UsageError` where `sizes`, the part behind the colon, makes no sense. */
  layers(sizes: string, task: ModelTask): SequentialLayer[];
}

/** All families by name; `--model name:sizes` chooses one. */
export const families: Readonly<Record<string, Family>> = {
  mlp: {
    usage: 'mlp:256,128',
    help: 'dense layers of these sizes with relu',
    layers: (sizes, task) => {
      const units = wholeNumbers(`mlp:${sizes}`, sizes);
      return [
        ...augmented(task),
        ...flat(task),
        ...units.flatMap((n) => hidden(n, task)),
        head(task),
      ];
    },
  },
  cnn: {
    usage: 'cnn:32,64',
    help: 'blocks of 3×3 convolutions with so many filters (32x2: two of them), each halved by max pooling, then 128 dense units; for images',
    layers: (sizes, task) => {
      const blocks = convolutions(`cnn:${sizes}`, sizes || '32,64', task);
      return [...augmented(task), ...blocks, flatten(), ...hidden(128, task), head(task)];
    },
  },
  linear: {
    usage: 'linear',
    help: 'no hidden layer: softmax or linear regression',
    layers: (sizes, task) => {
      if (sizes) throw new UsageError(`--model linear:${sizes}: linear has no sizes`);
      return [...augmented(task), ...flat(task), head(task)];
    },
  },
};

/** Splits `name:sizes`, with the sizes of `fallback` where none are given. */
export function parseModel(text: string, fallback: string): { family: Family; sizes: string } {
  const [name = '', sizes] = text.split(/:(.*)/s, 2);
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (!family) return unknown('model', name, Object.keys(families));
  if (sizes === '') throw new UsageError(`--model ${text}: no sizes behind the colon`);
  const [known, usual = ''] = fallback.split(':');
  return { family, sizes: sizes ?? (known === name ? usual : '') };
}

function wholeNumbers(text: string, sizes: string): number[] {
  const parts = sizes.split(',').map((part) => part.trim());
  const bad = parts.find((part) => !/^[1-9]\d{0,5}$/.test(part));
  if (bad === undefined) return parts.map(Number);
  throw new UsageError(
    `--model ${text}: "${bad}" is no size; expected whole numbers as in mlp:256,128`,
  );
}

type Flat = Layer<[x: Tensor]>;

function flat({ inputShape }: ModelTask): Flat[] {
  return inputShape.length > 1 ? [flatten()] : [];
}

/** Shifts by whole pixels: between them small pictures would be blurred, as those to predict are not. */
const MOVES = { translation: 0.05, interpolation: 'nearest', fillMode: 'nearest' } as const;

function augmented({ augment, flip, inputShape }: ModelTask): Flat[] {
  if (!augment && !flip) return [];
  if (inputShape.length < 2)
    throw new UsageError(
      `--${augment ? 'augment' : 'flip'}: examples are [${inputShape}], expected images`,
    );
  const moves: AugmentationOptions = augment ? MOVES : {};
  return [augmentation(flip ? { ...moves, flip: 'horizontal' } : moves)];
}

function penalty(task: ModelTask) {
  return task.l2 > 0 ? { kernelRegularizer: l2(task.l2, { scaling: 'keras' }) } : {};
}

/** `layer` without a function of its own, normalised where that is asked for, and relu. */
function activated(make: (options: object) => Flat, task: ModelTask): Flat[] {
  const options = { kernelInitializer: 'heUniform', ...penalty(task) };
  if (!task.batchNorm) return [make({ ...options, activation: 'relu' })];
  return [make({ ...options, useBias: false }), batchNormalization(), activationLayer('relu')];
}

function hidden(units: number, task: ModelTask): Flat[] {
  const layers = activated((options) => dense(units, options), task);
  return task.dropout > 0 ? [...layers, dropout(task.dropout)] : layers;
}

/** Blocks as `32,64x2` says. */
function convolutions(text: string, sizes: string, task: ModelTask): Flat[] {
  const [height = 0, width = 0, channels] = task.inputShape;
  const least = 2 ** sizes.split(',').length;
  if (task.inputShape.length < 2 || Math.min(height, width) < least)
    throw new UsageError(
      `--model ${text}: examples are [${task.inputShape}], expected images of at least ${least} × ${least} pixels`,
    );
  const blocks = sizes.split(',').flatMap((part) => {
    const [, filters, count = '1'] = /^([1-9]\d{0,4})(?:x([1-9]))?$/.exec(part.trim()) ?? [];
    if (filters === undefined)
      throw new UsageError(`--model ${text}: "${part}" is no block; expected such as 32 or 32x2`);
    const one = () =>
      activated(
        (options) => conv2D(Number(filters), 3, { padding: 'same', ...options }) as Flat,
        task,
      );
    return [...Array.from({ length: Number(count) }, one).flat(), maxPooling2D() as Flat];
  });
  return channels === undefined ? [reshapeLayer([height, width, 1]), ...blocks] : blocks;
}

function head(task: ModelTask): Flat {
  const activation = task.task === 'classification' ? 'softmax' : 'linear';
  return dense(task.outputs, { activation, ...penalty(task) });
}
