import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { createEngine, type EngineOptions } from '../../src/runtime/create.ts';
import { EngineError, OptionError } from '../../src/runtime/errors.ts';
import { features } from '../../src/runtime/features.ts';
import type { WasmSource } from '../../src/runtime/wasm.ts';
import { reals, ring, turned } from '../support/engine.ts';

vi.setConfig({ testTimeout: 60_000 });

const url = (target: string) => new URL(`../../build/${target}.wasm`, import.meta.url);
const bytes = (target: string) => new Uint8Array(readFileSync(url(target)));

test('the default is relaxed where it fuses, else simd', async () => {
  using engine = await createEngine({ kind: 'inline' });
  const { build } = engine.info;
  expect(build).toBe(features().fused ? 'relaxed' : 'simd');
  const MR = build === 'relaxed' ? 6 : 4;
  expect(engine.target).toEqual({ build, realBytes: 4, MR, NR: 8, threads: 1 });
});

test('reproducible runs the simd build and says so', async () => {
  using engine = await createEngine({ kind: 'team', threads: 1, reproducible: true });
  expect(engine.info.build).toBe('simd');
  expect(engine.info.reasons.join()).toContain('reproducible');
  await expect(createEngine({ reproducible: true, build: 'relaxed' })).rejects.toThrow(OptionError);
});

test.each<[string, () => WasmSource]>([
  ['bytes', () => bytes('f64')],
  ['an ArrayBuffer', () => bytes('f64').buffer],
  ['a module', () => new WebAssembly.Module(bytes('f64'))],
  ['a URL', () => url('f64')],
  ['a response', () => new Response(bytes('f64'))],
])('the binary from %s', async (_, wasm) => {
  using engine = await createEngine({ kind: 'inline', wasm: wasm() });
  expect(engine.target.build).toBe('f64');
  const { x, options } = ring(engine, 5);
  await engine.run(options);
  expect(await reals(engine, x)).toEqual(turned(5, 1));
});

test('a binary that does not fit is refused', async () => {
  const refused = (options: EngineOptions) => expect(createEngine(options)).rejects;
  await refused({ kind: 'inline', wasm: bytes('simd-shared') }).toThrow(EngineError);
  await refused({ kind: 'team', wasm: bytes('simd') }).toThrow(/not a build for shared memory/);
  await refused({ kind: 'inline', wasm: bytes('simd'), build: 'f64' }).toThrow(OptionError);
  await refused({ kind: 'inline', wasm: Uint8Array.of(1, 2, 3) }).toThrow(/does not compile/);
  const empty = Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0);
  await refused({ kind: 'inline', wasm: empty }).toThrow(/not a build of this library/);
  await refused({ kind: 'inline', wasm: new Response('', { status: 404 }) }).toThrow(/404/);
});

test('without `kind`, a binary for one thread gives an engine with one thread', async () => {
  using engine = await createEngine({ wasm: bytes('simd') });
  expect(engine.info).toMatchObject({ threads: 1, sharedMemory: false });
  expect(engine.info.reasons.join()).toContain('not a build for shared memory');
});

test.each<EngineOptions>([
  { threads: 0 },
  { threads: 1.5 },
  { threads: 65 },
  { threads: Number.NaN },
  { kind: 'inline', threads: 2 },
  { kind: 'gpu' as 'team' },
  { build: 'f16' as 'f64' },
])('%o is refused', async (options) => {
  await expect(createEngine(options)).rejects.toThrow(OptionError);
});

test('a refused maximum of memory is halved until it is granted', async () => {
  class Small extends WebAssembly.Memory {
    constructor(descriptor: WebAssembly.MemoryDescriptor) {
      if ((descriptor.maximum ?? 0) > 5000) throw new RangeError('refused');
      super(descriptor);
    }
  }
  vi.stubGlobal('WebAssembly', Object.assign(Object.create(WebAssembly), { Memory: Small }));
  try {
    for (const kind of ['inline', 'team'] as const) {
      using engine = await createEngine({ kind });
      expect(engine.info.reasons.join()).toContain('at most 256 MB of memory');
      expect(() => engine.alloc(2 ** 28, 'arena')).toThrow(/arena: needs 256 MB/);
    }
  } finally {
    vi.unstubAllGlobals();
  }
});
