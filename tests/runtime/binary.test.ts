import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import binaryen from 'binaryen';
import { describe, expect, test, vi } from 'vitest';

vi.setConfig({ testTimeout: 60_000 });

const BUILDS = ['simd', 'relaxed', 'turbo', 'f64', 'simd-infer', 'relaxed-infer'];
const TARGETS = BUILDS.flatMap((build) => [build, `${build}-shared`]);
const START = 8;
const DATA = 11;
const DATA_COUNT = 12;

/** A second instance over the same memory must change nothing, and memory belongs to the host. */
describe.each(TARGETS)('build/%s.wasm', (target) => {
  const bytes = readFileSync(new URL(`../../build/${target}.wasm`, import.meta.url));

  test('has no data and no start function', () => {
    const ids = sections(bytes);
    for (const id of [START, DATA, DATA_COUNT]) expect(ids).not.toContain(id);
  });

  test('imports the memory and the clock only', () => {
    const imports = WebAssembly.Module.imports(new WebAssembly.Module(bytes));
    expect(imports.map((i) => `${i.module}.${i.name}: ${i.kind}`).sort()).toEqual([
      'env.memory: memory',
      'host.now: function',
    ]);
  });

  test('never grows its memory, waits only in a shared one, and keeps no mutable globals', () => {
    const module = binaryen.readBinary(bytes);
    const text = module.emitText();
    module.dispose();
    expect(text).toContain('(func');
    expect(text).not.toContain('memory.grow');
    expect(text).not.toMatch(/\(global [^\n]*\(mut /);
  });

  test('the script holds the same, compressed', async () => {
    const { default: base64 } = await import(`../../build/${target}.js`);
    expect(inflateRawSync(Buffer.from(base64, 'base64')).equals(bytes)).toBe(true);
  });
});

/** Identifiers of the sections of a module. */
function sections(bytes: Uint8Array): number[] {
  const ids: number[] = [];
  let at = 8;
  while (at < bytes.length) {
    ids.push(bytes[at] as number);
    let size = 0;
    let shift = 0;
    let byte: number;
    do {
      byte = bytes[++at] as number;
      size += (byte & 127) * 2 ** shift;
      shift += 7;
    } while (byte & 128);
    at += 1 + size;
  }
  return ids;
}
