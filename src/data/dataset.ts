import type { ArrayData } from './table.ts';

/** Examples with what they stand for; `x` and `y` go to `model.fit` as they are. */
export interface Dataset {
  readonly name: string;
  readonly task: 'classification' | 'regression';
  /** Examples first. */
  readonly x: ArrayData;
  /** Labels [n] as whole numbers from 0, or values [n, k]. */
  readonly y: Int32Array | ArrayData;
  readonly classNames?: readonly string[];
  readonly featureNames?: readonly string[];
}

/** Training, development and test examples. */
export interface DataSplits {
  readonly train: Dataset;
  readonly dev?: Dataset;
  readonly test?: Dataset;
  /** What was not read, in words. */
  readonly notes?: readonly string[];
}
