import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { FileArray } from '../../src/formats/elements.ts';
import { readSafetensors, writeSafetensors } from '../../src/formats/safetensors.ts';
import { dense } from '../../src/nn/index.ts';
import { DataError, StateError } from '../../src/runtime/errors.ts';
import { loadModel } from '../../src/train/load.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import type { ModelFiles } from '../../src/train/savedNetwork.ts';
import { classifier, fitOptions, place, stateOf, usePlace, x, y } from '../support/saved.ts';

usePlace();

let files: Record<string, Uint8Array>;
beforeAll(async () => {
  using net = classifier();
  await net.fit(x, y, fitOptions);
  files = await net.toFiles();
});

/** The files with another value in model.json; `+` behind a list appends. */
function edited(path: string, value: unknown): ModelFiles {
  const json = JSON.parse(new TextDecoder().decode(files['model.json']));
  const steps = path.split('.');
  const last = steps.pop() as string;
  const holder = steps.reduce((at, step) => at[step], json);
  if (last === '+') holder.push(value);
  else holder[last] = value;
  return { ...files, 'model.json': new TextEncoder().encode(JSON.stringify(json)) };
}

/** The files with one tensor more, another one instead, or without it. */
function tensors(
  file: 'weights' | 'optimizer',
  tensor: string,
  data?: FileArray['data'],
): ModelFiles {
  const name = `${file}.safetensors`;
  const map = new Map<string, FileArray>(readSafetensors(files[name] as Uint8Array).tensors);
  if (data) map.set(tensor, { data, shape: [data.length] });
  else map.delete(tensor);
  return { ...files, [name]: writeSafetensors(map) };
}

/** The files with the first bytes of one of them; `bytes` from the end when negative, none when 0. */
function cut(name: string, bytes: number): ModelFiles {
  const { [name]: whole, ...rest } = files;
  return bytes === 0 ? rest : { ...rest, [name]: (whole as Uint8Array).slice(0, bytes) };
}

const units = 'network.layers.0.config.units';
const CONFIGS: [string, unknown, RegExp][] = [
  ['format', 'x', /not a saved model/],
  ['version', 2, /version 2 of the format, this release of wasmgrad reads 1/],
  [
    'network.layers.0.type',
    'dens',
    /^model\.json: network\.layers\[0\]: unknown layer type "dens"; did you mean "dense"/,
  ],
  ['network.layers.0.config.unit', 1, /layers\[0\]: unknown option of dense.*"unit"/],
  [units, '8', /layers\[0\]: dense "dense": units is "8", expected a whole number/],
  [units, 9, /^weights\.safetensors: tensor "dense\/kernel" is \[5,8\], the model expects \[5,9\]/],
  [units, 2 ** 52, /the model expects \[5,4503599627370496\]/],
  [
    'network.layers.+',
    { type: 'dense', config: { units: 3 } },
    /weights: 4 names, the network has 6 weights/,
  ],
  ['network.layers', [], /a sequential model has/],
  ['network.layers.1', { sameAs: 1 }, /sameAs: expected a whole number from 0 to 0, found 1/],
  ['network.inputs.0.shape', null, /input "input" has no shape/],
  ['network.inputs.0.shape', [], /model\.json: dense "dense": input \[1\], expected \[batch/],
  ['weights.3', 'dense/bias', /weights: a name stands twice/],
  [
    'compiled.optimizer.name',
    'adem',
    /compiled\.optimizer: unknown optimizer "adem"; did you mean "adam"/,
  ],
  ['compiled.optimizer.learningRate', -1, /compiled\.optimizer: adam: learningRate is -1/],
  ['compiled.loss.output.name', 'mze', /compiled\.loss\.output: unknown loss "mze"/],
  ['compiled.loss.autput', { name: 'mse' }, /unknown output in loss "autput"/],
  [
    'compiled.metrics.output',
    ['acuracy'],
    /metrics\.output\[0\]: unknown metric "acuracy"; did you mean "accuracy"/,
  ],
  ['training.iterations', -1, /training\.iterations: expected a whole number ≥ 0, found -1/],
  ['compiled', undefined, /training: there is a state, but "compiled" is missing/],
  ['preprocessing', { kind: 'sound' }, /preprocessing\.kind: unknown "sound"/],
];

const bias = 'out/bias';
const OTHERS: [string, () => ModelFiles, RegExp][] = [
  ['no model.json', () => cut('model.json', 0), /^model\.json is missing/],
  ['damaged JSON', () => cut('model.json', 300), /^model\.json: damaged JSON: .*$/],
  ['no weights', () => cut('weights.safetensors', 0), /^weights\.safetensors is missing/],
  [
    'no state of the optimiser',
    () => cut('optimizer.safetensors', 0),
    /^optimizer\.safetensors is missing/,
  ],
  [
    'weights cut short',
    () => cut('weights.safetensors', -1),
    /weights\.safetensors: tensor "out\/bias".* the file is cut short/,
  ],
  [
    'a tensor missing',
    () => tensors('weights', bias),
    /weights\.safetensors: tensor "out\/bias" \[3\] is missing/,
  ],
  [
    'a tensor more',
    () => tensors('weights', 'out/bies', new Float32Array(1)),
    /"out\/bies" is not one of the model's; the nearest is "out\/bias"/,
  ],
  [
    'another shape',
    () => tensors('weights', bias, new Float32Array(4)),
    /"out\/bias" is \[4\], the model expects \[3\]/,
  ],
  [
    'another type',
    () => tensors('weights', bias, new Int32Array(3)),
    /"out\/bias" has type I32, expected F32/,
  ],
  [
    'a slot missing',
    () => tensors('optimizer', `${bias}/velocity`),
    /optimizer\.safetensors: tensor "out\/bias\/velocity" \[3\] is missing/,
  ],
  [
    'a slot more',
    () => tensors('optimizer', `${bias}/x`, new Float32Array(1)),
    /"out\/bias\/x" is not one/,
  ],
];

async function expectRefusal(damaged: ModelFiles, message: RegExp): Promise<void> {
  const { engine } = place;
  const { used } = engine.memory();
  const error: unknown = await loadModel(damaged, { engine }).catch((e: unknown) => e);
  expect(error).toBeInstanceOf(DataError);
  expect((error as Error).message).toMatch(message);
  expect((error as Error).message).not.toContain('\n');
  await engine.exclusive(async () => {});
  expect(engine.memory().used).toBe(used);
}

describe('a damaged model is refused in one line, and leaves no memory behind', () => {
  test.each(CONFIGS)('%s = %j', (path, value, message) =>
    expectRefusal(edited(path, value), message),
  );
  test.each(OTHERS)('%s', (_, make, message) => expectRefusal(make(), message));
});

test('random edits of model.json end in a model or a DataError', async () => {
  const { engine } = place;
  const good = files['model.json'] as Uint8Array;
  const edit = fc.tuple(fc.nat(good.length - 1), fc.constantFrom(...'{}[],:"-0159aeflnrstu'));
  await fc.assert(
    fc.asyncProperty(fc.array(edit, { minLength: 1, maxLength: 3 }), async (edits) => {
      const bytes = good.slice();
      for (const [at, c] of edits) bytes[at] = c.charCodeAt(0);
      const found: unknown = await loadModel({ ...files, 'model.json': bytes }, { engine }).catch(
        (e: unknown) => e,
      );
      if (found instanceof Error) expect(found).toBeInstanceOf(DataError);
      else (found as Model).dispose();
    }),
    { numRuns: 500 },
  );
});

test('weights that do not fit leave the model as it was', async () => {
  const { engine } = place;
  using net = await loadModel(files, { engine });
  const before = await stateOf(net);
  const [wrong, right] = [tensors('weights', bias), files].map(
    (f) => f['weights.safetensors'] as Uint8Array,
  );
  await expect(net.loadWeights(wrong as Uint8Array)).rejects.toThrow(DataError);
  expect(await stateOf(net)).toBe(before);
  using empty = sequential([dense(1)], { engine });
  await expect(empty.loadWeights(right as Uint8Array)).rejects.toThrow(StateError);
});
