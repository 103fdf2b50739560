import type { Binary } from './builds.ts';
import { BUILDS, type BuildName } from './engine.ts';
import { EngineError, OptionError } from './errors.ts';
import type { BuildChoice } from './features.ts';
import { load } from './load.ts';
import { LinearMemory } from './memory.ts';
import { compileSource, type WasmSource } from './wasm.ts';

/** A binary that is not the package's own. Throws `EngineError` for what is no build, `OptionError` for another than the one asked for. */
export async function givenBinary(wasm: WasmSource, options: BuildChoice): Promise<Binary> {
  const module = await compileSource(wasm);
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
