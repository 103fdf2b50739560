/** Models that are saved and loaded in tests, and a folder for them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { dense, dropout } from '../../src/nn/index.ts';
import { l2 } from '../../src/nn/regularizer.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import type { CompileOptions } from '../../src/train/compileOptions.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { blobs, hashOf } from './data.ts';

export const { x, y } = blobs(70, 5, 3);
export const CLASSES: CompileOptions = {
  optimizer: 'adam',
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
};
export const fitOptions = { batchSize: 16 };

/** An engine for the tests of a file, and for each test a path where nothing is yet. */
export const place = {} as { engine: Engine; root: string; folder: string };

export function usePlace(): void {
  let count = 0;
  beforeAll(async () => {
    place.engine = await createEngine({ threads: 2 });
    place.root = mkdtempSync(join(tmpdir(), 'wasmgrad-save-'));
  });
  beforeEach(() => {
    place.folder = join(place.root, String(count++));
  });
  afterAll(() => {
    place.engine.dispose();
    rmSync(place.root, { recursive: true });
  });
}

export function classifier(compiled: CompileOptions = CLASSES): Model {
  const { engine } = place;
  const parts = [
    dense(8, { activation: 'relu', kernelRegularizer: l2(0.001) }),
    dropout(0.2),
    dense(3, { activation: 'softmax', name: 'out' }),
  ];
  const options = { inputShape: [5], seed: 7, engine, name: 'classifier' };
  return sequential(parts, options).compile(compiled);
}

/** Hash of weights and predictions. */
export async function stateOf(
  net: Model,
  inputs: Parameters<Model['predictAll']>[0] = x,
): Promise<string> {
  const outputs = await net.predictAll(inputs);
  return hashOf([...(await net.getWeights()), ...Object.values(outputs)]);
}
