import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArrayData, Dataset } from '../../src/index.ts';
import { skip } from './target.ts';

/** What is used of the package jsfive, which reads HDF5 in plain JavaScript. */
interface Jsfive {
  File: new (bytes: ArrayBuffer, name: string) => { get(key: string): Hdf5Dataset };
}

interface Hdf5Dataset {
  readonly shape: readonly number[];
  readonly value: readonly number[];
}

/** The reader of HDF5 files, or undefined where it is not installed. */
export async function hdf5Reader(): Promise<Jsfive | undefined> {
  const name = 'jsfive';
  return import(/* @vite-ignore */ name).catch(() => undefined);
}

/** 209 training and 50 test pictures [64, 64, 3] with label 1 for a cat, from the two files of the course. */
export async function readCats(
  folder: string,
  { File }: Jsfive,
): Promise<Record<'train' | 'test', Dataset & { readonly y: ArrayData }>> {
  const part = async (name: 'train' | 'test') => {
    const bytes = await readFile(join(folder, `${name}_catvnoncat.h5`));
    const file = new File(new Uint8Array(bytes).buffer, name);
    const [x, y] = ['x', 'y'].map((key) => file.get(`${name}_set_${key}`)) as [
      Hdf5Dataset,
      Hdf5Dataset,
    ];
    return {
      name: `cats ${name}`,
      task: 'classification' as const,
      x: { data: Uint8Array.from(x.value), shape: x.shape, scale: 1 / 255 },
      y: { data: Float32Array.from(y.value, Number), shape: [y.value.length, 1] },
      classNames: ['not a cat', 'cat'],
    };
  };
  return { train: await part('train'), test: await part('test') };
}

/** The same for examples: ends them with a word on how to get what is missing. */
export async function cats(folder = '../shared/data/catvnoncat') {
  if (!existsSync(join(folder, 'train_catvnoncat.h5'))) {
    skip(
      `${folder} has no train_catvnoncat.h5 and test_catvnoncat.h5: copy them from the notebook "Logistic Regression with a Neural Network mindset" of Coursera's course Neural Networks and Deep Learning, and give their folder as argument`,
    );
  }
  const reader = await hdf5Reader();
  return readCats(folder, reader ?? skip('reading HDF5 needs a package: npm install jsfive'));
}
