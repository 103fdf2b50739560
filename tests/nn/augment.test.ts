import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { families } from '../../src/cli/families.ts';
import { evaluate } from '../../src/compile/evaluate.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { layerConfig } from '../../src/nn/config.ts';
import { layerFromConfig } from '../../src/nn/fromConfig.ts';
import * as layers from '../../src/nn/index.ts';
import type { Layer } from '../../src/nn/layer.ts';
import { scalar, tensor } from '../../src/ops/leaf.ts';
import { expand } from '../../src/ops/sum.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { numbers } from '../support/threads.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'simd' });
});
afterAll(() => engine.dispose());

type Augmenting = Layer<[x: Tensor]>;

const unit = (shape: readonly number[]) =>
  numbers(shape.reduce((a, b) => a * b, 1)).map((v) => Math.fround((v + 2) / 4));

/** The images after the layer, in training. */
async function trained(
  make: () => Augmenting,
  data: readonly number[],
  shape: readonly number[],
  seed = 1,
) {
  const body = () => make()(tensor([...data], shape));
  const result = await evaluate(body, { engine, seed, training: true });
  return { data: Array.from(result.data), shape: result.shape };
}

const SHAPE = [3, 5, 6, 2];
const image = unit(SHAPE);
const at = (data: readonly number[], b: number, i: number, j: number, c: number) =>
  data[((b * 5 + i) * 6 + j) * 2 + c] as number;

/** What each layer must give when its factor leaves no choice. */
type Expected = (b: number, i: number, j: number, c: number) => number;
const inside = (i: number, j: number) => i >= 0 && i < 5 && j >= 0 && j < 6;
const shifted =
  (down: number, right: number): Expected =>
  (b, i, j, c) =>
    inside(i - down, j - right) ? at(image, b, i - down, j - right, c) : 7;
const fill = { fillMode: 'constant', fillValue: 7 } as const;
const exact: [string, () => Augmenting, Expected][] = [
  ['no rotation', () => layers.randomRotation(0), (...ix) => at(image, ...ix)],
  ['no zoom', () => layers.randomZoom(0), (...ix) => at(image, ...ix)],
  ['no elastic', () => layers.randomElastic({ alpha: 0 }), (...ix) => at(image, ...ix)],
  ['nothing', () => layers.augmentation(), (...ix) => at(image, ...ix)],
  [
    'down by 2, left by 1',
    () => layers.randomTranslation([0.4, 0.4], [-1 / 6, -1 / 6], fill),
    shifted(2, -1),
  ],
  [
    'right by 3',
    () => layers.augmentation({ translation: { height: 0, width: [0.5, 0.5] }, ...fill }),
    shifted(0, 3),
  ],
  [
    'about 2 down, about 1 left, to the nearest pixel',
    () =>
      layers.randomTranslation([0.33, 0.47], [-1.3 / 6, -0.7 / 6], {
        ...fill,
        interpolation: 'nearest',
      }),
    shifted(2, -1),
  ],
  [
    'half a turn',
    () => layers.randomRotation([0.5, 0.5]),
    (b, i, j, c) => at(image, b, 4 - i, 5 - j, c),
  ],
];

test.each(exact)('%s', async (_, make, expected) => {
  const { data, shape } = await trained(make, image, SHAPE);
  expect(shape).toEqual(SHAPE);
  data.forEach((value, k) => {
    const [c, j, i, b] = [k % 2, Math.floor(k / 2) % 6, Math.floor(k / 12) % 5, Math.floor(k / 60)];
    expect(value, `${b},${i},${j},${c}`).toBeCloseTo(expected(b, i, j, c), 4);
  });
});

test('a quarter turn counter-clockwise moves the right edge to the top', async () => {
  const data = [0, 0, 1, 0, 0, 2, 0, 0, 3];
  const { data: turned } = await trained(
    () => layers.randomRotation([0.25, 0.25]),
    data,
    [1, 3, 3],
  );
  expect(turned.map((v) => Math.round(v))).toEqual([1, 2, 3, 0, 0, 0, 0, 0, 0]);
});

test('zoom above 0 shrinks, shear slants', async () => {
  const dot = [0, 0, 0, 0, 0, 0, 0, 0, 1];
  const zoomed = await trained(() => layers.randomZoom([1, 1], fill), dot, [1, 3, 3]);
  expect(zoomed.data).toEqual([7, 7, 7, 7, 0, 7, 7, 7, 7]);
  const slanted = await trained(
    () => layers.randomShear([1, 1], 0, fill),
    [0, 1, 0, 0, 1, 0, 0, 1, 0],
    [1, 3, 3],
  );
  expect(slanted.data).toEqual([1, 0, 7, 0, 1, 0, 7, 0, 1]);
});

test.each([
  ['horizontal', (i: number, j: number) => [i, 5 - j]],
  ['vertical', (i: number, j: number) => [4 - i, j]],
] as const)('flips about half of the images: %s', async (mode, mirrored) => {
  const many = 400;
  const one = unit([5, 6]);
  const data = Array.from({ length: many }, () => one).flat();
  const flipped = await trained(() => layers.randomFlip(mode), data, [many, 5, 6]);
  const mirror = one.map((_, k) => {
    const [i, j] = mirrored(Math.floor(k / 6), k % 6) as [number, number];
    return one[i * 6 + j];
  });
  let count = 0;
  for (let b = 0; b < many; b++) {
    const found = flipped.data.slice(b * 30, b * 30 + 30);
    const isMirror = found.join() === mirror.join();
    expect(isMirror || found.join() === one.join()).toBe(true);
    count += Number(isMirror);
  }
  expect(Math.abs(count - many / 2)).toBeLessThan(4 * Math.sqrt(many / 4));
});

/** How often each of the four mirror images of a picture comes out: as it is, sideways, upside down, both. */
async function mirrored(make: () => Augmenting): Promise<number[]> {
  const [many, one] = [400, unit([5, 6])];
  const data = Array.from({ length: many }, () => one).flat();
  const { data: found } = await trained(make, data, [many, 5, 6]);
  const images = [0, 1, 2, 3].map((way) =>
    one
      .map((_, k) => {
        const [i, j] = [Math.floor(k / 6), k % 6];
        return one[(way & 2 ? 4 - i : i) * 6 + (way & 1 ? 5 - j : j)];
      })
      .join(),
  );
  const counts = [0, 0, 0, 0];
  for (let b = 0; b < many; b++) {
    const way = images.indexOf(found.slice(b * 30, b * 30 + 30).join());
    counts[way] = (counts[way] as number) + 1;
  }
  return counts;
}

test('randomFlip flips both ways unless told, train --flip sideways only', async () => {
  for (const count of await mirrored(() => layers.randomFlip()))
    expect(Math.abs(count - 100)).toBeLessThan(4 * Math.sqrt(75));
  const task = {
    task: 'classification',
    inputShape: [5, 6],
    outputs: 2,
    dropout: 0,
    l2: 0,
  } as const;
  const settings = { ...task, batchNorm: false, augment: false, flip: true };
  const [flip] = families['linear']?.layers('', settings) ?? [];
  const [same = 0, sideways = 0, ...upside] = await mirrored(() => flip as Augmenting);
  expect(upside).toEqual([0, 0]);
  expect(same + sideways).toBe(400);
  expect(Math.abs(sideways - 200)).toBeLessThan(40);
});

test('crops are whole parts, from all places; outside of training the middle', async () => {
  const shape = [200, 5, 6];
  const data = Array.from({ length: 6000 }, (_, k) => k % 30);
  const make = () => layers.randomCrop(4, 3);
  const { data: crops, shape: size } = await trained(make, data, shape);
  expect(size).toEqual([200, 4, 3]);
  const first = crops.filter((_, k) => k % 12 === 0);
  expect(new Set(first)).toEqual(new Set([0, 1, 2, 3, 6, 7, 8, 9]));
  first.forEach((corner, b) => {
    const part = crops.slice(b * 12, b * 12 + 12);
    expect(part).toEqual(part.map((_, k) => corner + 6 * Math.floor(k / 3) + (k % 3)));
  });
  const still = await evaluate(() => make()(tensor(data.slice(0, 30), [1, 5, 6])), { engine });
  expect(Array.from(still.data)).toEqual([1, 2, 3, 7, 8, 9, 13, 14, 15, 19, 20, 21]);
});

test('elastic displacements vary as uniform noise behind a Gaussian does', async () => {
  const [B, n] = [60, 40];
  const slope = Array.from({ length: B * n * n }, (_, k) => k % n);
  const make = () => layers.randomElastic({ alpha: 20, sigma: 4, fillMode: 'nearest' });
  const { data } = await trained(make, slope, [B, n, n]);
  const middle = data.map((v, k) => v - (k % n)).filter((_, k) => k % n >= 10 && k % n < 30);
  const variance = middle.reduce((sum, v) => sum + v * v, 0) / middle.length;
  const expected = 20 / Math.sqrt(3) / (2 * 4 * Math.sqrt(Math.PI));
  expect(Math.sqrt(variance) / expected).toBeCloseTo(1, 1);
});

test('brightness, contrast and noise', async () => {
  const [B, n] = [500, 16];
  const grey = Array.from({ length: B * n }, (_, k) => 0.4 + 0.2 * (k % 2));
  const stats = ({ data }: { data: number[] }) =>
    Array.from({ length: B }, (_, b) => {
      const part = data.slice(b * n, b * n + n);
      return { mean: part.reduce((s, v) => s + v, 0) / n, spread: (part[1] ?? 0) - (part[0] ?? 0) };
    });
  const run = async (make: () => Augmenting) => stats(await trained(make, grey, [B, 4, 4]));
  const bright = await run(() => layers.randomBrightness(0.3));
  expect(
    bright.every(
      ({ mean, spread }) => Math.abs(mean - 0.5) <= 0.3 && Math.abs(spread - 0.2) < 1e-6,
    ),
  ).toBe(true);
  const mean = bright.reduce((s, x) => s + x.mean, 0) / B;
  expect(Math.abs(mean - 0.5)).toBeLessThan((4 * 0.3) / Math.sqrt(3 * B));
  const contrast = await run(() => layers.randomContrast([-0.5, 1]));
  expect(contrast.every((x) => Math.abs(x.mean - 0.5) < 1e-6)).toBe(true);
  expect(Math.min(...contrast.map((x) => x.spread))).toBeCloseTo(0.1, 2);
  expect(Math.max(...contrast.map((x) => x.spread))).toBeCloseTo(0.4, 2);
  const noise = await trained(() => layers.augmentation({ noise: 0.05 }), grey, [B, 4, 4]);
  const errors = noise.data.map((v, k) => v - (grey[k] as number));
  expect(Math.sqrt(errors.reduce((s, v) => s + v * v, 0) / errors.length)).toBeCloseTo(0.05, 2);
});

/** Sizes of the boxes of sevens in images [B, 10, 10] of zeros: height, width, number of pixels. */
async function boxes(make: () => Augmenting, B = 300) {
  const zeros = new Array<number>(B * 100).fill(0);
  const { data } = await trained(make, zeros, [B, 10, 10]);
  expect(new Set(data)).toEqual(new Set([0, 7]));
  return Array.from({ length: B }, (_, b) => {
    const hits = data.slice(b * 100, b * 100 + 100).flatMap((v, k) => (v ? [k] : []));
    const rows = new Set(hits.map((k) => Math.floor(k / 10))).size;
    const columns = new Set(hits.map((k) => k % 10)).size;
    expect(hits.length).toBe(rows * columns);
    return { rows, columns, area: hits.length };
  });
}

test('cutout takes a square that edges cut off', async () => {
  const found = await boxes(() => layers.randomCutout({ size: 0.4, fillValue: 7 }));
  expect(
    found.every(({ rows, columns }) => rows >= 2 && rows <= 4 && columns >= 2 && columns <= 4),
  ).toBe(true);
  expect(found.filter(({ area }) => area === 16).length / 300).toBeCloseTo(0.49, 1);
});

test('erasing takes boxes of the asked area, as often as asked', async () => {
  const found = await boxes(() =>
    layers.randomErasing({ fillValue: 7, probability: 0.3, scale: [0.1, 0.3] }),
  );
  const hit = found.filter(({ area }) => area > 0);
  expect(hit.length / 300).toBeCloseTo(0.3, 1);
  expect(hit.every(({ area }) => area >= 6 && area <= 36)).toBe(true);
  expect(hit.some(({ rows, columns }) => rows > columns)).toBe(true);
});

const all: Record<string, () => Augmenting> = {
  augmentation: () =>
    layers.augmentation({
      flip: 'horizontal',
      rotation: 0.1,
      translation: { height: 0.1, width: [0, 0.2] },
      zoom: [-0.2, 0.1],
      shear: { x: 0.1, y: 0.1 },
      crop: [4, 4],
      elastic: { alpha: 3, sigma: 2 },
      fillMode: 'nearest',
      brightness: 0.1,
      contrast: 0.1,
      noise: 0.1,
      cutout: { size: 0.2 },
      erasing: { probability: 0.9 },
    }),
  randomBrightness: () => layers.randomBrightness([0.1, 0.2], { valueRange: [0, 2] }),
  randomContrast: () => layers.randomContrast(0.5, { name: 'c' }),
  randomCrop: () => layers.randomCrop(3, 4),
  randomCutout: () => layers.randomCutout({ size: 0.3, fillValue: 2 }),
  randomElastic: () => layers.randomElastic({ alpha: 10, sigma: 2 }),
  randomErasing: () => layers.randomErasing({ probability: 1, scale: [0.1, 0.2] }),
  randomFlip: () => layers.randomFlip('vertical'),
  randomRotation: () => layers.randomRotation(0.2, { fillMode: 'constant', fillValue: 3 }),
  randomShear: () => layers.randomShear(0.3, [0, 0.1]),
  randomTranslation: () => layers.randomTranslation(0.2, [-0.1, 0.3], { fillMode: 'nearest' }),
  randomZoom: () => layers.randomZoom(0.2, { widthFactor: 0.3, interpolation: 'nearest' }),
};

const MANY = [24, 5, 6, 2];
const many = unit(MANY);

describe.each(Object.entries(all))('%s', (type, make) => {
  test('changes images in training only, each seed in its own way', async () => {
    const still = await evaluate(() => make()(tensor(many, MANY)), { engine });
    if (!/Crop|augmentation/.test(type)) expect(Array.from(still.data)).toEqual(many);
    const first = await trained(make, many, MANY);
    expect(first.data).not.toEqual(many);
    expect(await trained(make, many, MANY)).toEqual(first);
    expect((await trained(make, many, MANY, 2)).data).not.toEqual(first.data);
  });

  test('is rebuilt from its configuration', async () => {
    const config = JSON.parse(JSON.stringify(layerConfig(make())));
    expect(config.type).toBe(type);
    const rebuilt = () => layerFromConfig(config) as unknown as Augmenting;
    expect(await trained(rebuilt, many, MANY)).toEqual(await trained(make, many, MANY));
    expect(layerConfig(rebuilt() as never)).toEqual(config);
  });
});

test.each<[string, () => unknown, RegExp]>([
  ['flip', () => layers.randomFlip('sideways' as never), /flip of randomFlip "sideways"/],
  ['factor', () => layers.randomRotation([0.2, 0.1]), /rotation is \[0\.2,0\.1\], expected/],
  ['NaN', () => layers.randomRotation(Number.NaN), /rotation is NaN, expected/],
  ['zoom', () => layers.randomZoom([-1, 0]), /zoom is \[-1,0\], expected/],
  ['crop', () => layers.randomCrop(0, 3), /randomCrop: crop is 0/],
  [
    'fill mode',
    () => layers.randomZoom(0.1, { fillMode: 'wrap' as never }),
    /fillMode of randomZoom "wrap"/,
  ],
  [
    'interpolation',
    () => layers.randomShear(0.1, 0, { interpolation: 'cubic' as never }),
    /interpolation of randomShear "cubic"/,
  ],
  ['option', () => layers.augmentation({ rotate: 1 } as never), /option of augmentation "rotate"/],
  ['size', () => layers.randomCutout({ size: 0 }), /size is 0, expected a number > 0/],
  ['range', () => layers.randomContrast(0.1, { valueRange: [1, 0] }), /valueRange is \[1,0\]/],
])('refuses a wrong %s', (_, make, message) => {
  expect(make).toThrow(message);
});

test.each<[string, () => Augmenting, readonly number[], RegExp]>([
  ['vectors', () => layers.randomRotation(0.1), [4, 9], /input \[4,9\], expected images/],
  ['small images', () => layers.randomCrop(9, 9), [4, 5, 5], /images of 5 × 5, too small/],
])('refuses %s', async (_, make, shape, message) => {
  await expect(
    evaluate(() => make()(expand(scalar(1), shape)), { engine, training: true }),
  ).rejects.toThrow(message);
});
