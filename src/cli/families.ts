import type { Tensor } from '../graph/tensor.ts';
import { flatten } from '../nn/core.ts';
import { dense } from '../nn/dense.ts';
import { dropout } from '../nn/dropout.ts';
import type { Layer } from '../nn/layer.ts';
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
      return [...flat(task), ...units.flatMap((n) => hidden(n, task)), head(task)];
    },
  },
  linear: {
    usage: 'linear',
    help: 'no hidden layer: softmax or linear regression',
    layers: (sizes, task) => {
      if (sizes) throw new UsageError(`--model linear:${sizes}: linear has no sizes`);
      return [...flat(task), head(task)];
    },
  },
};

/** Splits `name:sizes`, with the sizes of `fallback` where none are given. */
export function parseModel(text: string, fallback: string): { family: Family; sizes: string } {
  const [name = '', sizes] = text.split(/:(.*)/s, 2);
  const family = Object.hasOwn(families, name) ? families[name] : undefined;
  if (!family) return unknown('model', name, Object.keys(families));
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

function penalty(task: ModelTask) {
  return task.l2 > 0 ? { kernelRegularizer: l2(task.l2, { scaling: 'keras' }) } : {};
}

function hidden(units: number, task: ModelTask): Flat[] {
  const layer = dense(units, {
    activation: 'relu',
    kernelInitializer: 'heUniform',
    ...penalty(task),
  });
  return task.dropout > 0 ? [layer, dropout(task.dropout)] : [layer];
}

function head(task: ModelTask): Flat {
  const activation = task.task === 'classification' ? 'softmax' : 'linear';
  return dense(task.outputs, { activation, ...penalty(task) });
}
