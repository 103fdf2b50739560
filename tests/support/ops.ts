/** Tests of all ops by their cases, in Node and in pages. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NDArray } from '../../src/compile/array.ts';
import { createEngine, type EngineOptions } from '../../src/runtime/create.ts';
import type { BuildName } from '../../src/runtime/engine.ts';
import type { Case, Values } from '../cases/case.ts';
import { allCases } from '../cases/index.ts';
import { CaseRunner } from './run.ts';

/** Collects what is wrong with all cases of an op, so that one look shows all. */
async function each(
  list: readonly Case[],
  find: (c: Case) => Promise<readonly string[]>,
): Promise<void> {
  const wrong: string[] = [];
  for (const c of list) {
    try {
      wrong.push(...(await find(c)).map((text) => `${c.name}: ${text}`));
    } catch (error) {
      wrong.push(`${c.name}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  if (wrong.length) expect.fail(wrong.slice(0, 8).join('\n'));
}

function rounded(x: Values): Values {
  return x.dtype === 'real' ? { ...x, data: x.data.map(Math.fround) } : x;
}

const references = new Map<Case, readonly Values[]>();

/** What the reference makes of the inputs as the build holds them; most are the same in f32 and f64. */
function expectedOf(c: Case, build: BuildName): readonly Values[] {
  const exact = c.inputs.every((x) =>
    x.data.every((v) => x.dtype !== 'real' || Object.is(v, Math.fround(v))),
  );
  const known = exact && references.get(c);
  if (known) return known;
  const expected = [c.reference(...(build === 'f64' ? c.inputs : c.inputs.map(rounded)))].flat();
  if (exact) references.set(c, expected);
  return expected;
}

function differing(
  actual: NDArray,
  expected: Values,
  tolerance: number,
  build: BuildName,
): string[] {
  if (`${actual.shape}` !== `${expected.shape}` || actual.data.length !== expected.data.length) {
    return [`shape [${actual.shape}] of ${actual.data.length}, expected [${expected.shape}]`];
  }
  const at = expected.data.findIndex((value, i) => {
    const e = build === 'f64' ? value : Math.fround(value);
    const a = actual.data[i] as number;
    const near = Number.isFinite(e) && Math.abs(a - e) <= tolerance * (1 + Math.abs(e));
    return !(near || a === e || Object.is(a, e));
  });
  return at < 0 ? [] : [`[${at}] is ${actual.data[at]}, expected ${expected.data[at]}`];
}

async function wrongValues(runner: CaseRunner, c: Case, build: BuildName): Promise<string[]> {
  const { f32 = 4e-6, f64 = 1e-12 } = c.tolerance ?? {};
  const results = await runner.run(c);
  const expected = expectedOf(c, build);
  if (results.length !== expected.length)
    return [`${results.length} results, expected ${expected.length}`];
  return results.flatMap((r, i) =>
    differing(r, expected[i] as Values, build === 'f64' ? f64 : f32, build),
  );
}

function sameBits(a: readonly NDArray[], b: readonly NDArray[]): boolean {
  const bytes = ({ data }: NDArray) =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return a.length === b.length && a.every((x, i) => same(bytes(x), bytes(b[i] as NDArray)));
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

type Kind = EngineOptions['kind'];

/** The values of all ops. */
export function testValues(build: BuildName, kind: Kind = 'inline'): void {
  let runner: CaseRunner;
  beforeAll(async () => {
    runner = new CaseRunner(await createEngine({ build, kind }));
  });
  afterAll(() => runner.dispose());

  test.each(allCases)('%s', (_, list) => each(list, (c) => wrongValues(runner, c, build)));
}

/** The derivatives of all ops that have some. */
export function testDerivatives(): void {
  let runner: CaseRunner;
  beforeAll(async () => {
    runner = new CaseRunner(await createEngine({ build: 'f64', kind: 'inline' }));
  });
  afterAll(() => runner.dispose());

  const smooth = allCases.map(([name, list]) => [name, list.filter((c) => c.order)] as const);
  test.each(smooth.filter(([, list]) => list.length))('%s', (_, list) =>
    each(list, (c) => runner.wrongDerivatives(c)),
  );
}

/** The same bits for any number of threads. */
export function testThreads(build: BuildName, counts: readonly number[]): void {
  let runners: CaseRunner[];
  beforeAll(async () => {
    const engines = counts.map((threads) => createEngine({ build, kind: 'team', threads }));
    runners = (await Promise.all(engines)).map((engine) => new CaseRunner(engine));
  });
  afterAll(() => {
    for (const runner of runners) runner.dispose();
  });

  test.each(allCases)('%s', (_, list) =>
    each(list, async (c) => {
      const [one, ...more] = await Promise.all(runners.map((runner) => runner.run(c, true)));
      return more.flatMap((results, i) =>
        sameBits(results, one ?? []) ? [] : [`${counts[i + 1]} threads differ`],
      );
    }),
  );
}
