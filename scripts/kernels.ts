/**
 * Compiles one build of the kernels (a target of asconfig.json) to `build/<target>.wasm`, and for browsers to `build/<target>.js`:
 * the binary compressed as raw deflate, in base64.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { main } from 'assemblyscript/asc';
import binaryen from 'binaryen';
import { orderFunctions } from './order.ts';

const root = new URL('../', import.meta.url);

/**
 * Called from everywhere, beside hot loops or seldom: copies would double the binary. `*` stands for anything. Not `store/store*`:
 * V8's re-vectoriser then stores wrong constants.
 */
const SEPARATE = [
  '*/Table.set4*',
  '*/convInside/runEnd',
  '*/erf/gauss*',
  '*/math/sigmoid',
  '*/math/tanh',
  '*/norm/divideAll',
  '*/norm/normalizeColumn*',
  '*/pool/foursOf*',
  '*/pool/put*',
  '*/pow/power*',
  '*/random/four*',
  '*/random/philox',
  '*/run/patched',
  '*/share/divided*',
  '*/share/shareStart',
  '*/simd/load*',
  '*/simd/store*',
  '*/trig/quadrant*',
  '*/update/power*',
  '*/warp/blend',
  '*/warp/place',
  '*/winograd*/*Line*',
  '*/winograd/convolve*',
];

/** What only a team of threads calls: memory that is not shared has none. */
const exported = readFileSync(new URL('assembly/index.ts', root), 'utf8');
const TEAM = /\{([^}]*)\} from '\.\/team'/.exec(exported)?.[1]?.match(/\w+/g) ?? [];

/** What asc makes of a target, not optimised, with names. */
async function compiled(target: string): Promise<Uint8Array> {
  let bytes: Uint8Array | undefined;
  const writeFile = (name: string, contents: Uint8Array | string) => {
    if (name.endsWith('.wasm')) bytes = contents as Uint8Array;
  };
  const { error, stderr } = await main(['--target', target], { writeFile });
  const text = stderr.toString();
  if (text) process.stderr.write(text);
  if (error) throw error;
  if (!bytes) throw new Error(`asc wrote no binary for ${target}`);
  return bytes;
}

/** For speed, but without copies of functions that gain nothing by it. */
function optimized(
  bytes: Uint8Array,
  relaxed: boolean,
  small: boolean,
  alone: boolean,
): Uint8Array {
  const { Features } = binaryen;
  const module = binaryen.readBinary(bytes);
  module.setFeatures(
    Features.MutableGlobals |
      Features.SignExt |
      Features.NontrappingFPToInt |
      Features.SIMD128 |
      Features.BulkMemory |
      Features.BulkMemoryOpt |
      Features.Atomics |
      (relaxed ? Features.RelaxedSIMD : 0),
  );
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setFastMath(true);
  binaryen.setDebugInfo(false);
  binaryen.setAlwaysInlineMaxSize(small ? 12 : 20);
  binaryen.setFlexibleInlineMaxSize(small ? 20 : 70);
  binaryen.setOneCallerInlineMaxSize(50);
  binaryen.setAllowInliningFunctionsWithLoops(true);
  if (alone) for (const name of TEAM) module.removeExport(name);
  for (const name of SEPARATE) {
    binaryen.setPassArgument('no-inline', name);
    module.runPasses(['no-inline']);
  }
  module.optimize();
  module.runPasses(['coalesce-locals']);
  orderFunctions(module);
  if (!module.validate()) throw new Error('the optimised binary is not valid');
  const binary = module.emitBinary();
  module.dispose();
  return binary;
}

/** Loaded behind the compiler: its handler of errors prints its whole source. */
const zopfli = () => import('@gfx/zopfli');
const target = process.argv[2] as string;
process.chdir(fileURLToPath(root));
const { targets } = JSON.parse(readFileSync('asconfig.json', 'utf8'));
const bytes = optimized(
  await compiled(target),
  targets[target].enable?.includes('relaxed-simd') ?? false,
  target.includes('infer'),
  !target.includes('shared'),
);
writeFileSync(`build/${target}.wasm`, bytes);
const { deflateAsync } = await zopfli();
const packed = await deflateAsync(bytes, { numiterations: 5, blocksplittingmax: 0 });
const script = Buffer.from(packed).toString('base64');
writeFileSync(`build/${target}.js`, `export default '${script}';\n`);
