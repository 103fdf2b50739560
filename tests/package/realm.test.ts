/** Data that were made in another context (a frame, jsdom, a test runner), and the library itself in one. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createContext, runInContext, runInNewContext } from 'node:vm';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as wasmgrad from '../../src/index.ts';
import { messageOf } from '../../src/runtime/errors.ts';
import { root, run, temporary } from './support.ts';

/** Evaluated in a context of its own. */
const foreign = <T>(code: string): T => runInNewContext(code, { URL, AbortController }) as T;

const { dense, loadModel, sequential, OptionError } = wasmgrad;
const folder = temporary('realm');
let net: wasmgrad.Model;

beforeAll(async () => {
  net = sequential([dense(2, { activation: 'softmax' })], { inputShape: [2], seed: 1 });
  net.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
  await net.fit([[0, 1]], Int32Array.of(1), { epochs: 1 });
});
afterAll(() => net.dispose());

const answers = async (x: wasmgrad.DataLike) => (await net.predict(x)).data;

describe('data of another context', () => {
  const KINDS = ['Float16Array', 'Float32Array', 'Float64Array'].filter(
    (kind) => kind in globalThis || kind !== 'Float16Array',
  );

  test.each(KINDS)('%s: the same answers, and NaN is refused', async (kind) => {
    expect(await answers(foreign(`${kind}.of(0.5, 2)`))).toEqual(await answers([[0.5, 2]]));
    const own = (globalThis as unknown as Record<string, Float32ArrayConstructor>)[kind];
    for (const bad of [foreign<Float32Array>(`${kind}.of(0, NaN)`), own?.of(0, Number.NaN)])
      await expect(net.predict(bad as Float32Array)).rejects.toThrow(
        'input: NaN in example 0, expected finite numbers',
      );
  });

  test('bytes stay bytes, with their scale', async () => {
    const x = foreign<wasmgrad.ArrayData>(
      '({ data: Uint8Array.of(0, 255), shape: [1, 2], scale: 1 / 255 })',
    );
    expect(await answers(x)).toEqual(await answers([[0, 1]]));
  });

  test('a DataView is no array of numbers', async () => {
    await expect(net.predict(foreign('new DataView(new ArrayBuffer(8))'))).rejects.toThrow(
      'got DataView, expected a typed array of numbers',
    );
  });

  test('labels and data sets', async () => {
    const set = foreign<wasmgrad.Dataset>(
      `({ name: 'set', task: 'classification', classNames: ['a', 'b'],
        x: { data: Float32Array.of(0, 1, 2, 3), shape: [2, 2] }, y: Int32Array.of(0, 1) })`,
    );
    await net.fit(set.x, set.y, { epochs: 1 });
    const taken = await wasmgrad.takeExamples(set, [1]);
    expect(Array.from(taken.y as Int32Array)).toEqual([1]);
    const { same } = await wasmgrad
      .compareDistributions(set, set, { classifier: false })
      .catch((error) => ({ same: messageOf(error) }));
    expect(same).toMatch(/has 2 examples/);
    expect(wasmgrad.tensor(foreign<Int32Array>('Int32Array.of(1, 2)')).dtype).toBe('i32');
  });

  test('bytes of files', async () => {
    const files = await net.toFiles();
    const copies = foreign<(bytes: Uint8Array) => Uint8Array>('(bytes) => Uint8Array.from(bytes)');
    const theirs = Object.fromEntries(Object.entries(files).map(([k, v]) => [k, copies(v)]));
    using model = await loadModel(theirs as wasmgrad.ModelFiles);
    expect((await model.predict([[0.5, 2]])).data).toEqual(await answers([[0.5, 2]]));
    const written = await wasmgrad.writeNpy({ data: foreign('Float32Array.of(1, 2)'), shape: [2] });
    expect((await wasmgrad.readNpy(copies(written) as never)).data).toEqual(Float32Array.of(1, 2));
    const idx = await wasmgrad.writeIdx({ data: foreign('Int16Array.of(1, 2)'), shape: [2] });
    expect((await wasmgrad.readIdx(copies(idx) as never)).data).toEqual(Int16Array.of(1, 2));
    const { rows } = await wasmgrad.readCsv(copies(new TextEncoder().encode('a,b\n1,2\n')));
    expect(rows).toEqual([['1', '2']]);
  });

  test('promises, errors, signals, expressions and modules', async () => {
    const stopped = foreign<AbortSignal>(
      'const c = new AbortController(); c.abort("enough"); c.signal',
    );
    await expect(net.predict([[0, 1]], { signal: stopped })).rejects.toBe('enough');
    expect(messageOf(foreign('new TypeError("theirs")'))).toBe('theirs');
    expect(messageOf(foreign('null'))).toBe('null');
    const groups = [{ match: foreign<RegExp>('/bias$/'), weightDecay: 0 }];
    expect(wasmgrad.adam({ groups }).config).toMatchObject({ groups: [{ match: 'bias$' }] });
    const flagged = [{ match: foreign<RegExp>('/bias$/i') }];
    expect(() => wasmgrad.adam({ groups: flagged })).toThrow(OptionError);
    const binary = readFileSync(join(root, 'build/simd.wasm'));
    const make = foreign<(b: Uint8Array) => WebAssembly.Module>('(b) => new WebAssembly.Module(b)');
    for (const wasm of [
      make(binary),
      foreign<(b: Uint8Array) => Uint8Array>('(b) => Uint8Array.from(b)')(binary),
    ]) {
      const engine = await wasmgrad.createEngine({ wasm: wasm as never, kind: 'inline' });
      expect(engine.info.build).toBe('simd');
      engine.dispose();
    }
  });
});

describe('the library in a context of a test runner', () => {
  let code: string;
  beforeAll(async () => {
    run('npm', ['run', '--silent', 'build:js'], root);
    const joined = await rolldown({
      input: join(root, 'dist/index.js'),
      platform: 'node',
      transform: { define: { 'import.meta.url': 'undefined' } },
      external: ['jimp', 'sharp'],
      logLevel: 'silent',
    });
    const { output } = await joined.generate({ format: 'cjs', codeSplitting: false });
    await joined.close();
    code = output[0].code;
  }, 120_000);

  test('without setImmediate, MessageChannel, TextDecoder, structuredClone it trains, saves and loads', async () => {
    const { setTimeout, clearTimeout, performance, URL } = globalThis;
    const host = { process, console, setTimeout, clearTimeout, performance, URL };
    const module = { exports: {} as typeof wasmgrad };
    const require = createRequire(import.meta.url);
    const context = createContext({ ...host, module, exports: module.exports, require });
    runInContext(code, context);
    const theirs = module.exports;
    using model = theirs.sequential([theirs.dense(1)], { seed: 1 });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await model.fit([[0], [1], [2]], [[1], [3], [5]], { epochs: 300, batchSize: 1 });
    const path = join(folder, 'saved');
    await model.save(path);
    using loaded = await theirs.loadModel(path);
    expect(Math.round((await loaded.predict([[3]])).data[0] as number)).toBe(7);
    const { rows } = await theirs.readCsv(new TextEncoder().encode('a,b\n1,2\n'));
    expect(JSON.stringify(rows)).toBe('[["1","2"]]');
    await expect(model.predict(Float32Array.of(Number.NaN))).rejects.toThrow('NaN in example 0');
  });
});
