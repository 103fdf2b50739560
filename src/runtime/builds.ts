import { CHUNKS } from './chunks.ts';
import { BUILDS, type BuildName } from './engine.ts';
import { builtin, isNode } from './environment.ts';
import { EngineError, messageOf, OptionError } from './errors.ts';
import { load } from './load.ts';
import { LinearMemory } from './memory.ts';

export type WasmSource = BufferSource | Response | URL | WebAssembly.Module;

/** A compiled build and what is known of it. */
export interface Binary {
  readonly module: WebAssembly.Module;
  readonly build: BuildName;
  readonly shared: boolean;
  readonly reasons: readonly string[];
}

export interface BuildOptions {
  readonly build?: BuildName | undefined;
  readonly reproducible?: boolean | undefined;
  readonly wasm?: WasmSource | undefined;
}

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** The build to use: as asked, from `wasm` if given, otherwise the fastest that works here. */
export async function loadBinary(options: BuildOptions, shared: boolean): Promise<Binary> {
  checkOptions(options);
  if (options.wasm) return describe(await compileSource(options.wasm), options);
  if (options.build === 'turbo') return loadTurbo(shared);
  const { build, reasons } = chooseBuild(options);
  return { module: await moduleOf(build, shared, compile), build, shared, reasons };
}

/** The turbo build, or with the reason the default one. */
async function loadTurbo(shared: boolean): Promise<Binary> {
  const standard = await loadBinary({}, shared);
  const without = (why: string) => ({ ...standard, reasons: [...standard.reasons, why] });
  if (!isNode) return without('not the turbo build: flags of V8 can be set in Node only');
  if (standard.build !== 'relaxed') return without('not the turbo build: it needs the relaxed one');
  try {
    const { compileTurbo } = await import('./turbo.ts');
    const module = await moduleOf('turbo', shared, (b) => compileTurbo(b, standard.module, shared));
    return { ...standard, module, build: 'turbo' };
  } catch (error) {
    return without(`not the turbo build: ${messageOf(error)}`);
  }
}

const NOTHING_INSIDE =
  'wasmgrad/slim holds no builds: createEngine needs `wasm`, and models need that `engine`';

type Compile = (bytes: BufferSource) => WebAssembly.Module | Promise<WebAssembly.Module>;

/** The package's own binary, compiled once. */
function moduleOf(build: BuildName, shared: boolean, make: Compile): Promise<WebAssembly.Module> {
  const target = shared ? `${build}-shared` : build;
  const known = modules.get(target);
  if (known) return known;
  const inside = CHUNKS[target];
  if (!inside) throw new OptionError(NOTHING_INSIDE);
  const module = inside().then((chunk) => make(decode(chunk.default)));
  modules.set(target, module);
  module.catch(() => modules.delete(target));
  return module;
}

function checkOptions({ build, reproducible }: BuildOptions): void {
  if (build !== undefined && !BUILDS.includes(build))
    throw new OptionError(`build "${build}": expected one of ${BUILDS.join(', ')}`);
  if (reproducible && (build === 'relaxed' || build === 'turbo'))
    throw new OptionError(`the ${build} build is not reproducible: its bits depend on the machine`);
}

function chooseBuild({ build, reproducible }: BuildOptions): {
  build: BuildName;
  reasons: string[];
} {
  const { simd, relaxed, fused } = features();
  if (!simd) throw new EngineError('WebAssembly SIMD is missing here');
  if (build === 'relaxed' && !relaxed)
    throw new EngineError('relaxed build: WebAssembly relaxed SIMD is missing here');
  if (build) return { build, reasons: [] };
  if (reproducible)
    return {
      build: 'simd',
      reasons: ['no fused multiply-add: `reproducible` asks for the same bits everywhere'],
    };
  if (!relaxed)
    return { build: 'simd', reasons: ['no fused multiply-add: relaxed SIMD is missing here'] };
  if (!fused)
    return { build: 'simd', reasons: ['no fused multiply-add: relaxed SIMD does not fuse here'] };
  return { build: 'relaxed', reasons: [] };
}

export interface Features {
  readonly simd: boolean;
  readonly relaxed: boolean;
  /** Relaxed multiply-add rounds once. */
  readonly fused: boolean;
}

// (func (result v128) i32.const 0 i8x16.splat i8x16.popcnt)
const SIMD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15,
  253, 98, 11,
];
// (func (export "m") (param f32 f32 f32) (result f32)): lane 0 of f32x4.relaxed_madd of the three, splat
const MADD = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 8, 1, 96, 3, 125, 125, 125, 1, 125, 3, 2, 1, 0, 7, 5, 1, 1, 109,
  0, 0, 10, 22, 1, 20, 0, 32, 0, 253, 19, 32, 1, 253, 19, 32, 2, 253, 19, 253, 133, 2, 253, 31, 0,
  11,
];

let probed: Features | undefined;

export function features(): Features {
  if (probed) return probed;
  const simd = WebAssembly.validate(Uint8Array.from(SIMD));
  const relaxed = simd && WebAssembly.validate(Uint8Array.from(MADD));
  probed = { simd, relaxed, fused: relaxed && fuses() };
  return probed;
}

/** x·x − (1 + 2^-11) for x = 1 + 2^-12 is 2^-24, which is lost when the product is rounded first. */
function fuses(): boolean {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(MADD)));
    const madd = exports.m as (a: number, b: number, c: number) => number;
    return madd(1 + 2 ** -12, 1 + 2 ** -12, -(1 + 2 ** -11)) === 2 ** -24;
  } catch (cause) {
    throw blocked(cause);
  }
}

function describe(module: WebAssembly.Module, options: BuildOptions): Binary {
  const shared = takesShared(module);
  const build = buildOf(module, shared);
  const wanted = options.build ?? (options.reproducible && build === 'relaxed' ? 'simd' : build);
  if (build === 'turbo')
    throw new OptionError('`wasm` is the turbo build, which comes from the package only');
  if (build !== wanted) throw new OptionError(`\`wasm\` is the ${build} build, not ${wanted}`);
  return { module, build, shared, reasons: [] };
}

function buildOf(module: WebAssembly.Module, shared: boolean): BuildName {
  try {
    const { build } = load(module, new LinearMemory(shared, 1).wasm);
    return BUILDS[build()] as BuildName;
  } catch (cause) {
    throw new EngineError('`wasm` is not a build of this library', { cause });
  }
}

function takesShared(module: WebAssembly.Module): boolean {
  try {
    load(module, new LinearMemory(true, 1).wasm);
    return true;
  } catch {
    return false;
  }
}

async function compileSource(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof URL) return compile(await fetchBytes(source));
  if (typeof Response !== 'undefined' && source instanceof Response)
    return compile(await bytesOf(source));
  return compile(source as BufferSource);
}

async function fetchBytes(url: URL): Promise<BufferSource> {
  const files = url.protocol === 'file:' && builtin('node:fs/promises');
  if (files) return files.readFile(url);
  return bytesOf(await fetch(url));
}

async function bytesOf(response: Response): Promise<ArrayBuffer> {
  if (!response.ok)
    throw new EngineError(
      `wasm: ${response.url} answered ${response.status} ${response.statusText}`,
    );
  return response.arrayBuffer();
}

async function compile(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw blocked(cause);
  }
}

function blocked(cause: unknown): EngineError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const hint = /content security|unsafe-eval|disallowed/i.test(why)
    ? "; send `Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'` with the page"
    : '';
  return new EngineError(`WebAssembly does not compile: ${why}${hint}`, { cause });
}

function decode(base64: string): BufferSource {
  const node = builtin('node:buffer');
  if (node) return node.Buffer.from(base64, 'base64');
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}
