/**
 * Run by Node with `--expose-gc`: models, and a trainer, that share layers are disposed and collected in many orders. After each
 * step the rest must give what a plain computation gives, while others write to all memory that was given back; in the end all
 * memory must be back. Prints one JSON object: what was wrong, by name of the case.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  createEngine,
  dense,
  type Engine,
  loadModel,
  type Model,
  model,
  type NDArray,
  ops,
  type Tensor,
  type Trainer,
  trainer,
} from '../../src/index.ts';
import { type SequentialLayer, sequential } from '../../src/train/model.ts';

const X = [
  [1, -2, 0.5, 3],
  [-0.3, 0.8, 2, -1],
];

type Matrix = readonly (readonly number[])[];

function product(x: Matrix, kernel: NDArray, bias: NDArray): number[][] {
  const [K, N] = kernel.shape as [number, number];
  return x.map((row) =>
    Array.from({ length: N }, (_, n) => {
      let sum = bias.data[n] as number;
      for (let k = 0; k < K; k++) sum += (row[k] as number) * (kernel.data[k * N + n] as number);
      return sum;
    }),
  );
}

const tanh = (x: Matrix) => x.map((row) => row.map(Math.tanh));

function softmax(x: Matrix): number[][] {
  return x.map((row) => {
    const powers = row.map(Math.exp);
    const sum = powers.reduce((a, b) => a + b);
    return powers.map((p) => p / sum);
  });
}

function near(found: ArrayLike<number>, expected: Matrix, what: string): void {
  const flat = expected.flat();
  assert.equal(found.length, flat.length, what);
  flat.forEach((e, i) => {
    assert.ok(Math.abs((found[i] as number) - e) < 1e-5, `${what}: ${[...Array.from(found)]}`);
  });
}

async function collect(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Takes what is free, in pieces of all sizes, writes to it and gives it back. */
function scribble(engine: Engine): void {
  const pieces = Array.from({ length: 60 }, (_, i) => 64 << (i % 12)).map((bytes) => {
    const at = engine.alloc(bytes, 'intruder');
    engine.write(at, new Float32Array(bytes / 4).fill(7));
    return at;
  });
  for (const at of pieces) engine.free(at);
}

interface Users {
  base?: Model;
  net?: Model;
  encoder?: Model;
  trainer?: Trainer;
}
type Name = keyof Users;
const NAMES: readonly Name[] = ['base', 'net', 'encoder', 'trainer'];

/** `first`: who makes the weights; the others are built by their first check. A closure holds all that its function names. */
async function makeUsers(engine: Engine, first: 'base' | 'net'): Promise<Users> {
  const inner = dense(3, { activation: 'tanh', biasInitializer: 'ones' });
  const base = sequential([inner], { inputShape: [4], engine, name: 'base' });
  const head = dense(2, { activation: 'softmax' });
  const net = sequential([base, head], { inputShape: [4], engine });
  const encoder = model({
    inputs: { x: [4] },
    outputs: ({ x }) => inner(x as Tensor),
    engine,
    name: 'encoder',
  });
  const stepped = trainer(
    ({ x }) => ops.reduceMean(ops.square(net.call(x as Tensor))),
    { name: 'sgd', learningRate: 1e-30 },
    { engine },
  );
  if (first === 'base') await base.build();
  await net.build();
  return { base, net, encoder, trainer: stepped };
}

/** What the weights of `net` give. */
async function expectedOf({ net }: Users) {
  const [k1, b1, k2, b2] = (await (net as Model).getWeights()) as NDArray[] as [
    NDArray,
    NDArray,
    NDArray,
    NDArray,
  ];
  const hidden = tanh(product(X, k1, b1));
  const output = softmax(product(hidden, k2, b2));
  return { hidden, output, loss: output.flat().reduce((sum, v) => sum + (v * v) / 4, 0) };
}

async function check(
  name: Name,
  users: Users,
  { hidden, output, loss }: Awaited<ReturnType<typeof expectedOf>>,
): Promise<void> {
  const what = `${name} beside ${Object.keys(users)}`;
  if (name === 'trainer') {
    const logs = await (users.trainer as Trainer).step({ x: X });
    near([logs['loss'] as number], [[loss]], what);
  } else {
    const { data } = await (users[name] as Model).predict(X);
    near(data, name === 'net' ? output : hidden, what);
  }
}

type Way = 'dispose' | 'collect';

/** One user after the other goes; `seen`: those that are used before the first goes. */
async function leaving(
  engine: Engine,
  order: readonly Name[],
  ways: readonly Way[],
  first: 'base' | 'net',
  seen: readonly Name[],
): Promise<void> {
  const before = engine.memory().used;
  const users = await makeUsers(engine, first);
  const expected = await expectedOf(users);
  for (const name of seen) await check(name, users, expected);
  for (const [i, name] of order.entries()) {
    if (ways[i] === 'dispose') users[name]?.dispose();
    delete users[name];
    if (ways[i] === 'collect') await collect();
    await engine.exclusive(async () => scribble(engine));
    for (const other of order.slice(i + 1)) await check(other, users, expected);
  }
  await settled(engine, before, `${order} ${ways} ${first} ${seen}`);
}

/** Waits until all memory is back. */
async function settled(engine: Engine, before: number, what: string): Promise<void> {
  for (let i = 0; i < 20 && engine.memory().used !== before; i++) await collect();
  assert.equal(engine.memory().used, before, `${what}: memory in use`);
}

function permutations<T>(list: readonly T[]): T[][] {
  if (list.length === 0) return [[]];
  return list.flatMap((x) => permutations(list.filter((y) => y !== x)).map((rest) => [x, ...rest]));
}

async function everyOrder(way: Way): Promise<void> {
  using engine = await createEngine({ kind: 'inline', build: 'simd' });
  for (const order of permutations(NAMES)) {
    for (const seen of [[], NAMES]) {
      await leaving(
        engine,
        order,
        NAMES.map(() => way),
        'base',
        seen,
      );
    }
  }
}

async function randomOrders(): Promise<void> {
  using engine = await createEngine({ kind: 'inline', build: 'simd' });
  const way = fc.constantFrom<Way>('dispose', 'collect');
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([...NAMES], { minLength: 4 }),
      fc.array(way, { minLength: 4, maxLength: 4 }),
      fc.constantFrom('base' as const, 'net' as const),
      fc.subarray([...NAMES]),
      (order, ways, first, seen) => leaving(engine, order, ways, first, seen),
    ),
    { numRuns: 30, seed: 13 },
  );
}

interface Action {
  readonly do: 'make' | 'use' | 'train' | 'dispose' | 'collect';
  readonly which: number;
  readonly other: number;
}

/** Models of two layers out of a few, and the weights that each layer was last seen with. */
class Pool {
  readonly #engine: Engine;
  readonly #layers = Array.from({ length: 3 }, () => dense(4));
  readonly #nets: { readonly net: Model; readonly parts: readonly [number, number] }[] = [];
  readonly #seen = new Map<number, readonly [NDArray, NDArray]>();

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  async act({ do: what, which, other }: Action): Promise<void> {
    if (what === 'make') return this.#make([which % 3, other % 3]);
    const [found] = this.#nets.slice(which % Math.max(1, this.#nets.length));
    if (!found) return;
    if (what === 'use' || what === 'train') await this.#use(found.net, found.parts, what);
    else {
      this.#nets.splice(this.#nets.indexOf(found), 1);
      if (what === 'dispose') found.net.dispose();
    }
  }

  #make(parts: readonly [number, number]): void {
    const layers = parts.map((i) => this.#layers[i] as SequentialLayer);
    const net = sequential(layers, { inputShape: [4], engine: this.#engine });
    net.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    this.#nets.push({ net, parts });
  }

  /** A layer whose last model was disposed is refused; all else has the value that its weights gave when they were last seen. */
  async #use(net: Model, parts: readonly [number, number], what: 'use' | 'train'): Promise<void> {
    const output = await net.predict(X).catch((error: Error) => error);
    if (output instanceof Error) {
      assert.match(output.message, /is gone: the memory of weights of sequential was freed/);
      return;
    }
    const before = await this.#look(net, parts);
    const weights = parts.map((i) => this.#seen.get(i) ?? before.get(i)) as [NDArray, NDArray][];
    near(
      output.data,
      weights.reduce<Matrix>((x, w) => product(x, ...w), X),
      `layers ${parts}`,
    );
    if (what === 'train') await net.fit(X, X);
    for (const [i, pair] of await this.#look(net, parts)) this.#seen.set(i, pair);
  }

  async #look(net: Model, [a, b]: readonly [number, number]) {
    const w = await net.getWeights();
    const pair = (i: number) => [w[i], w[i + 1]] as [NDArray, NDArray];
    return new Map([[a, pair(0)], ...(a === b ? [] : [[b, pair(2)] as const])] as const);
  }

  end(): void {
    for (const { net } of this.#nets) net.dispose();
  }
}

/** Models of random layers come and go; what one trains, all that share it see. */
async function randomModels(): Promise<void> {
  using engine = await createEngine({ kind: 'inline', build: 'simd' });
  const before = engine.memory().used;
  const action: fc.Arbitrary<Action> = fc.record({
    do: fc.constantFrom('make', 'make', 'use', 'use', 'train', 'dispose', 'collect'),
    which: fc.nat(5),
    other: fc.nat(5),
  });
  const run = async (actions: readonly Action[]) => {
    const pool = new Pool(engine);
    for (const one of actions) {
      await pool.act(one);
      if (one.do === 'collect') await collect();
      await engine.exclusive(async () => scribble(engine));
    }
    pool.end();
  };
  const actions = fc.array(action, { minLength: 12, maxLength: 24, size: 'max' });
  await fc.assert(fc.asyncProperty(actions, run), { numRuns: 30, seed: 13 });
  await settled(engine, before, 'random models');
}

/** A base that was loaded in a function, of which only a new model is left. */
async function collectedBase(): Promise<void> {
  using engine = await createEngine({ kind: 'inline', build: 'simd' });
  const before = engine.memory().used;
  const saved = sequential([dense(5, { activation: 'tanh' })], {
    inputShape: [4],
    engine,
    seed: 3,
  });
  await saved.build();
  const files = await saved.toFiles();
  const [k1, b1] = (await saved.getWeights()) as [NDArray, NDArray];
  saved.dispose();
  const make = async () => {
    const base = await loadModel(files, { engine });
    return sequential([base, dense(2, { activation: 'softmax' })], { inputShape: [4], engine });
  };
  const net = await make();
  for (let i = 0; i < 5; i++) {
    await collect();
    await engine.exclusive(async () => scribble(engine));
    const { data } = await net.predict(X);
    const [, , k2, b2] = (await net.getWeights()) as [NDArray, NDArray, NDArray, NDArray];
    near(data, softmax(product(tanh(product(X, k1, b1)), k2, b2)), `after ${i + 1} collections`);
  }
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  using stranger = sequential([dense(3)], { inputShape: [4], engine });
  await stranger.build();
  const untouched = await stranger.getWeights();
  const { batchLoss } = await net.fit(X, [0, 1], { epochs: 200 });
  assert.ok((batchLoss.at(-1) as number) < 0.1, `loss ${batchLoss.at(-1)}`);
  assert.deepEqual(await stranger.getWeights(), untouched);
  net.dispose();
  stranger.dispose();
  await settled(engine, before, 'collected base');
}

const CASES: Readonly<Record<string, () => Promise<void>>> = {
  'every order of dispose': () => everyOrder('dispose'),
  'every order of collection': () => everyOrder('collect'),
  'random orders of both': randomOrders,
  'random models of shared layers': randomModels,
  'a loaded base that is collected': collectedBase,
};

const wrong: Record<string, string | null> = {};
for (const [name, body] of Object.entries(CASES)) {
  wrong[name] = await body().then(
    () => null,
    (error: Error) => error.stack ?? String(error),
  );
}
console.log(JSON.stringify(wrong));
