import { CHUNKS } from './chunks.ts';
import { BUILDS, type BuildName } from './engine.ts';
import { isNode } from './environment.ts';
import { messageOf, OptionError } from './errors.ts';
import { type BuildChoice, chooseBuild } from './features.ts';
import { moduleOf, type WasmSource } from './wasm.ts';

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

/** The build to use: as asked, from `wasm` if given, otherwise the fastest that works here. */
export async function loadBinary(options: BuildOptions, shared: boolean): Promise<Binary> {
  checkOptions(options);
  if (options.wasm) {
    const { givenBinary } = await import('./givenBinary.ts');
    return givenBinary(options.wasm, options);
  }
  if (options.build === 'turbo') return loadTurbo(shared);
  const { build, reasons } = chooseBuild(options);
  return { module: await ownModule(build, shared), build, shared, reasons };
}

/** The turbo build, or with the reason the default one. */
async function loadTurbo(shared: boolean): Promise<Binary> {
  const standard = await loadBinary({}, shared);
  const without = (why: string) => ({ ...standard, reasons: [...standard.reasons, why] });
  if (!isNode) return without('not the turbo build: flags of V8 can be set in Node only');
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

const NOTHING_INSIDE =
  'wasmgrad/slim holds no builds: createEngine needs `wasm`, and models need that `engine`';

/** The package's own binary. */
function ownModule(
  build: BuildName,
  shared: boolean,
  make?: Parameters<typeof moduleOf>[2],
): Promise<WebAssembly.Module> {
  const target = shared ? `${build}-shared` : build;
  const chunk = CHUNKS[target];
  if (!chunk) throw new OptionError(NOTHING_INSIDE);
  return moduleOf(target, chunk, make);
}

function checkOptions({ build, reproducible }: BuildOptions): void {
  if (build !== undefined && !BUILDS.includes(build))
    throw new OptionError(`build "${build}": expected one of ${BUILDS.join(', ')}`);
  if (reproducible && (build === 'relaxed' || build === 'turbo'))
    throw new OptionError(`the ${build} build is not reproducible: its bits depend on the machine`);
}
