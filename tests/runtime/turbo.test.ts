import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { dense } from '../../src/nn/index.ts';
import { createEngine, type EngineOptions } from '../../src/runtime/create.ts';
import type { RuntimeInfo } from '../../src/runtime/engine.ts';
import { EngineError, OptionError } from '../../src/runtime/errors.ts';
import { compileTurbo } from '../../src/runtime/turbo.ts';
import { sequential } from '../../src/train/model.ts';
import { blobs, hashOf } from '../support/data.ts';

vi.setConfig({ testTimeout: 120_000 });

const bytes = (target: string) =>
  new Uint8Array(readFileSync(new URL(`../../build/${target}.wasm`, import.meta.url)));

const CREATE = new URL('../../src/runtime/create.ts', import.meta.url);

/** What a process of its own says of its engine. */
function infoWith(...flags: string[]): RuntimeInfo {
  const script = `
    const { createEngine } = await import('${CREATE}');
    using engine = await createEngine({ build: 'turbo', kind: 'inline' });
    console.log(JSON.stringify(engine.info));`;
  const args = [...flags, '--input-type=module', '-e', script];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

async function trained(options: EngineOptions): Promise<string> {
  using engine = await createEngine(options);
  const layers = [
    dense(70, { activation: 'relu' }),
    dense(33, { activation: 'tanh' }),
    dense(10, { activation: 'softmax' }),
  ];
  using net = sequential(layers, { inputShape: [530], engine, seed: 5 });
  net.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  const { x, y } = blobs(300, 530, 10);
  await net.fit(x, y, { epochs: 2, batchSize: 64 });
  return hashOf([...(await net.getWeights()), await net.predict(x)]);
}

const { build, reasons } = infoWith();

test('runs, or says why not', () => {
  if (build === 'turbo') expect(reasons.join()).not.toContain('not the turbo build');
  else expect(reasons.join()).toContain('not the turbo build: ');
});

test('where V8 may not use AVX2, the default runs with the reason', () => {
  const info = infoWith('--no-enable-avx2');
  expect(info.build).not.toBe('turbo');
  expect(info.reasons.join()).toMatch(/not the turbo build: /);
});

describe.skipIf(build !== 'turbo')('where vectors are joined', () => {
  test('products have a tile of 6 × 16', async () => {
    using engine = await createEngine({ build: 'turbo', kind: 'inline' });
    expect(engine.target).toEqual({ build: 'turbo', realBytes: 4, MR: 6, NR: 16, threads: 1 });
  });

  test('training gives the bits of the relaxed build', async () => {
    const hashes = [await trained({ build: 'relaxed', kind: 'inline' })];
    for (const threads of [1, 2, 3]) {
      hashes.push(await trained({ build: 'turbo', kind: 'team', threads }));
    }
    hashes.push(await trained({ build: 'turbo', kind: 'worker' }));
    expect(new Set(hashes).size).toBe(1);
  });

  test('other bits than those of the standard build are noticed', () => {
    const simd = new WebAssembly.Module(bytes('simd'));
    expect(() => compileTurbo(bytes('turbo'), simd, false)).toThrow(/kernel gemm: other bits/);
  });

  // Timed: what other processes do may make the peak look low.
  test('a module whose products are not fast is noticed', { retry: 3 }, () => {
    const relaxed = new WebAssembly.Module(bytes('relaxed'));
    expect(() => compileTurbo(bytes('relaxed'), relaxed, false)).toThrow(EngineError);
  });

  test('flags of the command line stay', () => {
    expect(infoWith('--no-liftoff').build).toBe('turbo');
  });
});

test('is not reproducible, and its binary is not taken from elsewhere', async () => {
  const refused = (options: EngineOptions) => expect(createEngine(options)).rejects;
  await refused({ build: 'turbo', reproducible: true }).toThrow(OptionError);
  await refused({ kind: 'inline', wasm: bytes('turbo') }).toThrow(/is the turbo build/);
});
