import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { loss } from '../../src/nn/loss.ts';
import { accumulatedMetric, metric, metrics, weightedMean } from '../../src/nn/metric.ts';
import type { Named } from '../../src/nn/named.ts';
import * as ops from '../../src/ops/index.ts';
import { tensor } from '../../src/ops/leaf.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { Engine } from '../../src/runtime/engine.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ kind: 'inline', build: 'f64' });
});
afterAll(() => engine.dispose());

const NAN = Number.NaN;
const sum = (x: readonly number[]) => x.reduce((a, b) => a + b, 0);
const mean = (x: readonly number[]) => sum(x) / x.length;

/** The figure of one batch. */
async function figure(
  given: string | Named,
  truth: readonly number[],
  predicted: number[] | number[][],
  weights?: readonly number[],
  lossName: string | Named = 'binaryCrossentropy',
): Promise<number[]> {
  const labels = Array.isArray(predicted[0]);
  const t = tensor(labels ? Int32Array.from(truth) : truth);
  const w = weights && tensor(weights);
  const made = metric(given, loss(lossName));
  const { sums, result } = made.accumulator ?? weightedMean(made);
  const { data } = await evaluate(result(sums(t, tensor(predicted), w)), { engine });
  return [...data];
}

/** Scores of n examples, some of them equal, and whether they are positive. */
function scores(n: number): { t: number[]; p: number[]; w: number[] } {
  const p = Array.from({ length: n }, (_, i) => ((i * 37) % 64) / 64);
  const t = p.map((x, i) => Number(x + ((i * 29) % 17) / 17 > 1));
  return { t, p, w: p.map((_, i) => 1 + (i % 3)) };
}

type Part = [tp: number, fp: number, tn: number, fn: number];

function counts({ t, p, w }: ReturnType<typeof scores>, threshold = 0.5): Part {
  const total = (yes: number, above: boolean) =>
    sum(w.filter((_, i) => t[i] === yes && (p[i] as number) > threshold === above));
  return [total(1, true), total(0, true), total(0, false), total(1, false)];
}

const REFERENCES: Record<string, (...parts: Part) => number> = {
  truePositives: (tp) => tp,
  falsePositives: (_, fp) => fp,
  trueNegatives: (_, __, tn) => tn,
  falseNegatives: (_, __, ___, fn) => fn,
  precision: (tp, fp) => (tp + fp ? tp / (tp + fp) : 0),
  recall: (tp, _, __, fn) => (tp + fn ? tp / (tp + fn) : 0),
  f1: (tp, fp, _, fn) => (tp ? (2 * tp) / (2 * tp + fp + fn) : 0),
};

describe.each([1, 2, 3, 7, 8, 9, 20, 129])('%i examples', (n) => {
  it.each(Object.entries(REFERENCES))('%s', async (name, reference) => {
    const data = scores(n);
    const [got] = await figure(name, data.t, data.p, data.w);
    expect(got).toBeCloseTo(reference(...counts(data)), 12);
  });

  it('the area under the ROC curve is the share of pairs in order', async () => {
    const { t, p } = scores(n);
    const [yes, no] = [1, 0].map((c) => p.filter((_, i) => t[i] === c)) as [number[], number[]];
    const pairs = yes.flatMap((a) => no.map((b) => (a > b ? 1 : a === b ? 0.5 : 0)));
    const [got] = await figure({ name: 'auc', numThresholds: 129 }, t, p);
    expect(got).toBeCloseTo(pairs.length ? mean(pairs) : 0, 12);
  });

  it('R², RMSE, log loss, perplexity', async () => {
    const { t, p } = scores(n);
    const square = (x: number) => x * x;
    const errors = sum(p.map((x, i) => square(x - (t[i] as number))));
    const spread = sum(t.map((x) => square(x - mean(t))));
    const r2 = spread || !errors ? 1 - errors / spread : 0;
    expect((await figure('rmse', t, p))[0]).toBeCloseTo(Math.sqrt(errors / n), 12);
    const [got] = await figure('r2', t, p);
    if (Number.isNaN(r2)) expect(got).toBeNaN();
    else expect(got).toBeCloseTo(r2, 10);
    const inside = p.map((x) => 0.1 + 0.8 * x);
    const entropy = mean(inside.map((x, i) => -Math.log(t[i] ? x : 1 - x)));
    expect((await figure('logLoss', t, inside))[0]).toBeCloseTo(entropy, 10);
    expect((await figure('perplexity', t, inside))[0]).toBeCloseTo(Math.exp(entropy), 10);
  });
});

const ROWS = [
  [0.7, 0.2, 0.1],
  [0.1, 0.6, 0.3],
  [0.3, 0.3, 0.4],
  [0.6, 0.3, 0.1],
];
const CLASSES = [0, 1, 0, 1];

describe('classes', () => {
  it.each<[given: Named, expected: number[]]>([
    [{ name: 'confusionMatrix' }, [1, 0, 1, 1, 1, 0, 0, 0, 0]],
    [{ name: 'precision' }, [2 / 3]],
    [{ name: 'recall' }, [2 / 4]],
    [{ name: 'recall', classId: 1 }, [1 / 2]],
    [{ name: 'recall', classId: 2 }, [0]],
    [{ name: 'recall', topK: 1 }, [2 / 4]],
    [{ name: 'recall', topK: 2 }, [4 / 4]],
    [{ name: 'precision', thresholds: [0.65, 0.25] }, [1, 4 / 8]],
    [{ name: 'f1', average: null }, [1 / 2, 2 / 3, 0]],
    [{ name: 'f1' }, [7 / 18]],
    [{ name: 'f1', average: 'weighted' }, [7 / 12]],
    [{ name: 'f1', average: 'micro' }, [1 / 2]],
  ])('%j', async (given, expected) => {
    const got = await figure(given, CLASSES, ROWS, undefined, 'sparseCategoricalCrossentropy');
    expect(got).toHaveLength(expected.length);
    expected.forEach((x, i) => {
      expect(got[i]).toBeCloseTo(x, 12);
    });
  });

  it('one-hot targets give the same as labels', async () => {
    const dense = tensor(CLASSES.map((c) => [0, 1, 2].map((k) => Number(k === c))));
    for (const name of ['confusionMatrix', 'precision', 'f1', 'auc', 'logLoss'] as const) {
      const made = metrics[name]();
      const labels = tensor(Int32Array.from(CLASSES));
      const [a, b] = await evaluate([made(labels, tensor(ROWS)), made(dense, tensor(ROWS))], {
        engine,
      });
      expect(a).toEqual(b);
    }
  });
});

describe('edges', () => {
  it.each<[name: string, t: number[], p: number[], expected: number]>([
    ['precision', [1, 1], [0.2, 0.1], 0],
    ['recall', [0, 0], [0.7, 0.1], 0],
    ['f1', [0, 0], [0.2, 0.1], 0],
    ['auc', [1, 1], [0.7, 0.1], 0],
    ['precision', [1, 0], [0.5, 0.5], 0],
    ['recall', [1, 1], [NAN, 0.9], 0.5],
    ['truePositives', [1], [Number.POSITIVE_INFINITY], 1],
    ['r2', [2, 2], [1, 3], 0],
    ['r2', [2, 2], [2, 2], NAN],
    ['rmse', [1], [NAN], NAN],
  ])('%s of %j and %j', async (name, t, p, expected) => {
    expect(await figure(name, t, p)).toEqual([expected]);
  });

  it('probabilities are those of logits where the loss takes logits', async () => {
    const t = [1, 0, 1];
    const p = [0.8, 0.6, 0.3];
    const logits = p.map((x) => Math.log(x / (1 - x)));
    const fromLogits = { name: 'binaryCrossentropy', fromLogits: true };
    for (const name of ['precision', 'recall', 'auc', 'f1', 'logLoss', 'confusionMatrix']) {
      const expected = await figure(name, t, p);
      const got = await figure(name, t, logits, undefined, fromLogits);
      expected.forEach((x, i) => {
        expect(got[i]).toBeCloseTo(x, 9);
      });
    }
  });

  it('R² of targets far from 0 in f32', async () => {
    using single = await createEngine({ kind: 'inline', build: 'simd' });
    const t = Array.from({ length: 64 }, (_, i) => 5000 + i / 64);
    const p = t.map((x, i) => x + (i % 2 ? 1 : -1) / 64);
    const { sums, merge, result } = metrics.r2().accumulator ?? {};
    const part = (from: number) =>
      sums?.(tensor(t.slice(from, from + 16)), tensor(p.slice(from, from + 16))) ?? [];
    const all = [16, 32, 48].reduce((state, from) => merge?.(state, part(from)) ?? [], part(0));
    const { data } = await evaluate(result?.(all) as never, { engine: single });
    const spread = sum(t.map((x) => (x - mean(t)) ** 2));
    expect(data[0]).toBeCloseTo(1 - 64 / 64 ** 2 / spread, 3);
  });

  it.each<[object, string]>([
    [{ name: 'precision', thresholds: [] }, 'precision: thresholds are empty'],
    [{ name: 'precision', classId: 1.5 }, 'precision: classId is 1.5'],
    [{ name: 'truePositives', topK: 1 }, 'option of truePositives'],
    [{ name: 'auc', curve: 'roc' }, 'auc: curve is roc, expected one of ROC, PR, PRGAIN'],
    [{ name: 'auc', numThresholds: 1 }, 'auc: numThresholds is 1'],
    [{ name: 'f1', average: 'mean' }, 'f1Score: average is mean'],
    [{ name: 'r2', classAggregation: 'mean' }, 'r2Score: classAggregation is mean'],
    [{ name: 'precisionAtRecall', value: 2 }, 'precisionAtRecall: value is 2'],
    [{ name: 'confusion' }, 'confusion'],
  ])('%j is refused', (given, message) => {
    expect(() => metric(given as Named, loss('mse'))).toThrow(message);
  });
});

it('a metric with state of your own', async () => {
  const worst = accumulatedMetric('worst', {
    sums: (t, p) => [ops.reduceMax(ops.abs(ops.sub(p, t)))],
    merge: ([a], [b]) => [ops.maximum(a as never, b as never)],
    result: ([largest]) => largest as never,
  });
  const found = worst(tensor([1, 2, 3]), tensor([1.5, 0, 3]));
  expect((await evaluate(found, { engine })).data).toEqual(Float64Array.of(2));
});
