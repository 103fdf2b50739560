/** Figures of third parties in ../shared/golden, and how a file of them becomes a suite of tests. */
import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluate } from '../../src/compile/evaluate.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import { isTensor, type Tensor } from '../../src/graph/tensor.ts';
import { type Nested, tensor } from '../../src/ops/leaf.ts';
import { createEngine } from '../../src/runtime/create.ts';
import type { BuildName, Engine } from '../../src/runtime/engine.ts';

const root = new URL('../../../shared/golden/', import.meta.url);

export const hasGolden = existsSync(root);
if (!hasGolden)
  console.warn(`golden figures are absent (${root.pathname}): their tests are skipped`);

export interface GoldenArray {
  readonly shape: number[];
  readonly dtype: string;
  readonly data: (number | string)[];
}

/** A recorded call: `class` is made with `config`, or the call goes to `of`, or to a `function`. */
export interface Call {
  readonly class?: string;
  readonly function?: string;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly args?: readonly unknown[];
  readonly kwargs?: Readonly<Record<string, unknown>>;
  readonly of?: Call;
  readonly item?: string;
  readonly method?: string;
  readonly prior_calls_on_same_object?: readonly Call[];
}

export interface GoldenCase {
  readonly test: string;
  readonly actual: Call;
  readonly expected: GoldenArray;
  readonly tol: { readonly atol?: number; readonly rtol?: number; readonly decimal?: number };
}

export function readGolden(path: string): unknown {
  return hasGolden ? JSON.parse(readFileSync(new URL(path, root), 'utf8')) : { cases: {} };
}

/** The cases of keras-<name>.json whose test file's path contains `part`. */
export function goldenCases(name: string, part = ''): GoldenCase[] {
  const { cases } = readGolden(`keras-${name}.json`) as { cases: Record<string, GoldenCase[]> };
  return Object.entries(cases).flatMap(([file, list]) => (file.includes(part) ? list : []));
}

function isGoldenArray(x: unknown): x is GoldenArray {
  return typeof x === 'object' && x !== null && 'shape' in x && 'data' in x;
}

/** An argument of a recorded call as a tensor; whole numbers become i32. */
export function toTensor(value: unknown): Tensor {
  if (!isGoldenArray(value)) return tensor(value as Nested);
  const { data, shape, dtype } = value;
  return tensor(data.map(toNumber), shape, /^u?int/.test(dtype) ? 'i32' : 'real');
}

/** JSON has no infinities: they are recorded as words. */
function toNumber(value: number | string): number {
  return typeof value === 'string' ? Number(value.replace('inf', 'Infinity')) : value;
}

/** `snake_case` or `CamelCase` in camelCase. */
export function camel(name: string): string {
  const joined = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  return joined.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]/, (start) => start.toLowerCase());
}

/** Options in camelCase, without those that concern Keras only. */
export function options(config: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const ours = Object.entries(config).filter(
    ([key]) => !['name', 'dtype', 'reduction'].includes(key),
  );
  return Object.fromEntries(ours.map(([key, value]) => [camel(key), value ?? undefined]));
}

/** Takes `item`s off: the call itself and the indices of the leading axes, outermost first; names of fields stay. */
export function unwrap(actual: Call): { call: Call; index: number[] } {
  const index: number[] = [];
  let call = actual;
  while (call.item !== undefined && call.of) {
    if (/^[a-z]/i.test(call.item)) return { call: { ...call.of, item: call.item }, index };
    index.unshift(...call.item.split(',').map((part) => Number(part.replace(/[()]/g, ''))));
    call = call.of;
  }
  return { call, index };
}

function entry(
  data: ArrayLike<number>,
  shape: readonly number[],
  index: readonly number[],
): number[] {
  const size = sizeOf(shape.slice(index.length));
  const at = index.reduce((sum, i, axis) => sum * (shape[axis] as number) + i, 0);
  return Array.from(data).slice(at * size, (at + 1) * size);
}

/** Largest accepted distance for each build where the case does not say. */
const FLOOR: Partial<Record<BuildName, number>> = { f64: 2e-6, simd: 1e-5 };

function expectClose(
  got: ArrayLike<number>,
  { expected, tol }: GoldenCase,
  floor: number,
  decimal?: number,
): void {
  const digits = Object.keys(tol).length ? tol.decimal : decimal;
  const atol = Math.max(tol.atol ?? 0, digits === undefined ? 0 : 1.5 * 10 ** -digits, floor);
  const rtol = Math.max(tol.rtol ?? 0, floor);
  expect(got.length).toBe(expected.data.length);
  expected.data.map(toNumber).forEach((want, i) => {
    const value = got[i] as number;
    if (!Number.isFinite(want)) expect(value).toBe(want);
    else expect(Math.abs(value - want)).toBeLessThanOrEqual(atol + rtol * Math.abs(want));
  });
}

/** 1 − 10⁻⁷ is 1 − 1.19·10⁻⁷ in f32, which shows where a prediction is wrong with certainty. */
export function singleOnly(
  name: string,
  { fromLogits }: Record<string, unknown>,
  yPred: unknown,
): string | false | undefined {
  const certain = (yPred as { data?: number[] }).data?.some((p) => p === 0 || p === 1);
  return (
    name === 'binaryCrossentropy' &&
    !fromLogits &&
    certain &&
    'the figure is that of 1 − 1e-7 in f32'
  );
}

interface SuiteOptions {
  /** How many cases the plan leaves out. */
  readonly leftOut: number;
  /** Digits behind the point that the figures have where a case does not say. */
  readonly decimal?: number;
}

/** What to do with a case: compute this, or leave it out for a reason. */
export type Plan = string | Computation;

interface Computation {
  readonly compute: (engine: Engine) => Tensor | number | Promise<number[]>;
  /** Why the figure holds for f32 only. */
  readonly single?: string | false | undefined;
}

/** A test for each case and build; those left out have a reason each, and are counted against `leftOut`. */
export function goldenSuite(
  title: string,
  cases: readonly GoldenCase[],
  plan: (call: Call) => Plan,
  { leftOut, decimal }: SuiteOptions,
): void {
  const plans = cases
    .map((test) => ({ test, ...unwrap(test.actual) }))
    .map((c) => ({ ...c, plan: plan(c.call) }));
  describe.skipIf(!hasGolden).each(Object.entries(FLOOR))(`${title}, build %s`, (build, floor) => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await createEngine({ kind: 'inline', build: build as BuildName });
    });
    afterAll(() => engine.dispose());
    it(`leaves out ${leftOut} of ${cases.length} cases`, () => {
      expect(plans.filter((p) => typeof p.plan === 'string').length).toBe(leftOut);
    });
    plans.forEach(({ test, index, plan: todo }, i) => {
      const name = `${i} ${test.test}`;
      if (typeof todo === 'string' || (build === 'f64' && todo.single)) return;
      it(name, async () =>
        expectClose(await run(todo.compute(engine), index, engine), test, floor, decimal),
      );
    });
  });
}

async function run(
  result: Tensor | number | Promise<number[]>,
  index: number[],
  engine: Engine,
): Promise<number[]> {
  if (typeof result === 'number') return [result];
  if (!isTensor(result)) return result;
  const { data, shape } = await evaluate(result, { engine });
  return entry(data, shape, index);
}
