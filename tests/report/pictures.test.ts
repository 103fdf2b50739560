import { afterAll, beforeAll, expect, test } from 'vitest';
import * as layers from '../../src/nn/index.ts';
import { look } from '../../src/report/look.ts';
import { channelTiles, filterTiles, overlay, pictures } from '../../src/report/pictures.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { OptionError, ShapeError } from '../../src/runtime/errors.ts';
import { type Model, sequential } from '../../src/train/model.ts';
import { spread } from '../cases/case.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const [H, W] = [3, 4];
const KERNEL = [0.5, -1];
const HEAD = [
  [1, -2, 0.5],
  [-1.5, 0.25, 2],
] as const;

/** Two maps of one grey image, their means, three classes. */
async function small(): Promise<Model> {
  const net = sequential(
    [
      layers.conv2D(2, 1, { useBias: false }),
      layers.globalAveragePooling2D(),
      layers.dense(3, { activation: 'softmax', useBias: false }),
    ],
    { inputShape: [H, W, 1], engine },
  );
  await net.build();
  await net.setWeights([KERNEL, HEAD.flat()]);
  return net;
}

const pixels = spread([1, H, W, 1], 2).data;
const image = { data: Float64Array.from(pixels), shape: [1, H, W, 1] };

test.each([0, 1, 2])('saliency and Grad-CAM of class %i', async (classIndex) => {
  using net = await small();
  const seen = await look(net, image, { classIndex });
  const weights = HEAD.map((row) => (row[classIndex] as number) / (H * W));
  const slope = Math.abs(weights.reduce((sum, w, k) => sum + w * (KERNEL[k] as number), 0));
  const cam = pixels.map((v) =>
    Math.max(
      0,
      weights.reduce((sum, w, k) => sum + w * (KERNEL[k] as number) * v, 0),
    ),
  );
  expect(seen.saliency.shape).toEqual([H, W]);
  expect(seen.gradCam.shape).toEqual([H, W]);
  for (const v of seen.saliency.data) expect(v).toBeCloseTo(slope, 7);
  cam.forEach((v, i) => {
    expect(seen.gradCam.data[i]).toBeCloseTo(v, 12);
  });
  expect(Object.keys(seen.activations)).toEqual(['conv2D']);
  expect(seen.activations['conv2D']?.shape).toEqual([H, W, 2]);
  pixels.forEach((v, i) => {
    expect(seen.activations['conv2D']?.data[2 * i + 1]).toBeCloseTo(-v, 12);
  });
});

test('the likeliest class is explained', async () => {
  using net = await small();
  const { data } = await net.predict(image);
  const { classIndex, output } = await look(net, image);
  expect(output.data).toEqual(data);
  expect(data[classIndex]).toBe(Math.max(...data));
});

test('channels have a contrast of their own', () => {
  const twice = { data: Float64Array.from([0, 7, 1, 5, 2, 5, 4, 6]), shape: [2, 2, 2] };
  const { pictures: tiles, channels } = channelTiles(twice);
  expect(channels).toBe(1);
  expect(tiles.map(({ size, pixels }) => [size, [...Array.from(pixels)]])).toEqual([
    [
      [2, 2],
      [0, 0.25, 0.5, 1],
    ],
    [
      [2, 2],
      [1, 0, 0, 0.5],
    ],
  ]);
});

test('filters of three channels are in colour, others means in grey', () => {
  const coloured = filterTiles(spreadArray([2, 2, 3, 5]));
  expect([coloured.channels, coloured.pictures.length]).toEqual([3, 5]);
  expect(coloured.pictures[0]?.pixels.length).toBe(12);
  const two = { data: Float64Array.from([1, 0, 3, 4, 5, 6, 7, 2]), shape: [1, 2, 2, 2] };
  const { pictures: grey, channels } = filterTiles(two);
  expect(channels).toBe(1);
  expect(grey.map((t) => Array.from(t.pixels))).toEqual([
    [0, 1],
    [0, 1],
  ]);
  expect(() => filterTiles(spreadArray([4, 3]))).toThrow(ShapeError);
});

test('heat is red', () => {
  const grey = { data: Float64Array.from([0, 1]), shape: [1, 2, 1] };
  const { pictures: tiles } = overlay(grey, { data: Float64Array.from([1, 0]), shape: [1, 2] });
  expect(Array.from(tiles[0]?.pixels ?? [])).toEqual([1, 0, 0, 1, 1, 1]);
});

test('files', async () => {
  using net = await small();
  const { files } = await pictures(net, image);
  const names = ['filters.png', 'activations-conv2D.png', 'saliency.png', 'grad-cam.png'];
  expect(Object.keys(files)).toEqual(names);
  for (const bytes of Object.values(files))
    expect([...bytes.subarray(0, 4)]).toEqual([0x89, 0x50, 0x4e, 0x47]);
});

test('errors', async () => {
  using net = await small();
  await expect(look(net, image, { classIndex: 3 })).rejects.toThrow(
    'classIndex is 3, expected 0 to 2',
  );
  const two = { data: new Float64Array(2 * H * W), shape: [2, H, W, 1] };
  await expect(look(net, two)).rejects.toThrow(ShapeError);
  using flat = sequential([layers.dense(2)], { inputShape: [3], engine });
  await flat.build();
  await expect(look(flat, [[1, 2, 3]])).rejects.toThrow(ShapeError);
  using bare = sequential([layers.flatten(), layers.dense(2)], { inputShape: [2, 2], engine });
  await bare.build();
  await expect(
    look(bare, [
      [
        [1, 2],
        [3, 4],
      ],
    ]),
  ).rejects.toThrow(OptionError);
});

function spreadArray(shape: number[]) {
  return { data: Float64Array.from(spread(shape).data), shape };
}
