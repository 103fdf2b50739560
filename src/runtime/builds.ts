import { BUILDS, type BuildName } from './engine.ts';
import { EngineError, messageOf, OptionError } from './errors.ts';
import { type BuildChoice, chooseBuild } from './features.ts';
import { load } from './load.ts';
import { LinearMemory } from './memory.ts';
import { type Chunk, compileSource, moduleOf, type WasmSource } from './wasm.ts';

/** A compiled build and what is known of it. */
export interface Binary {
  readonly module: WebAssembly.Module;
  readonly build: BuildName;
  readonly shared: boolean;
  readonly reasons: readonly string[];
}

interface BuildOptions extends BuildChoice {
  readonly wasm?: WasmSource | undefined;
}

const CHUNKS: Readonly<Record<string, Chunk>> = {
  simd: () => import('../../build/simd.js'),
  relaxed: () => import('../../build/relaxed.js'),
  turbo: () => import('../../build/turbo.js'),
  f64: () => import('../../build/f64.js'),
  'simd-shared': () => import('../../build/simd-shared.js'),
  'relaxed-shared': () => import('../../build/relaxed-shared.js'),
  'turbo-shared': () => import('../../build/turbo-shared.js'),
  'f64-shared': () => import('../../build/f64-shared.js'),
};

/** The build to use: as asked, from `wasm` if given, otherwise the fastest that works here. */
export async function loadBinary(options: BuildOptions, shared: boolean): Promise<Binary> {
  checkOptions(options);
  if (options.wasm) return describe(await compileSource(options.wasm), options);
  if (options.build === 'turbo') return loadTurbo(shared);
  const { build, reasons } = chooseBuild(options);
  return { module: await ownModule(build, shared), build, shared, reasons };
}

/** The turbo build, or with the reason the default one. */
async function loadTurbo(shared: boolean): Promise<Binary> {
  const standard = await loadBinary({}, shared);
  const without = (why: string) => ({ ...standard, reasons: [...standard.reasons, why] });
  if (standard.build !== 'relaxed') return without('not the turbo build: it needs the relaxed one');
  try {
    const { compileTurbo } = await import('./turbo.ts');
    const module = await ownModule('turbo', shared, (b) =>
      compileTurbo(b, standard.module, shared),
    );
    return { ...standard, module, build: 'turbo' };
  } catch (error) {
    return without(`not the turbo build: ${messageOf(error)}`);
  }
}

/** The package's own binary. */
function ownModule(
  build: BuildName,
  shared: boolean,
  make?: Parameters<typeof moduleOf>[2],
): Promise<WebAssembly.Module> {
  const target = shared ? `${build}-shared` : build;
  return moduleOf(target, CHUNKS[target] as Chunk, make);
}

function checkOptions({ build, reproducible }: BuildOptions): void {
  if (build !== undefined && !BUILDS.includes(build))
    throw new OptionError(`build "${build}": expected one of ${BUILDS.join(', ')}`);
  if (reproducible && (build === 'relaxed' || build === 'turbo'))
    throw new OptionError(`the ${build} build is not reproducible: its bits depend on the machine`);
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
