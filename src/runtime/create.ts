import type { Binary } from './builds.ts';
import type { BuildName, Choice, Engine, RuntimeInfo } from './engine.ts';
import { isNode, notShared, processors, variable } from './environment.ts';
import { checkOptions, EngineError, messageOf, OptionError } from './errors.ts';
import type { Start } from './team.ts';
import type { WorkerFactory } from './thread.ts';
import type { WasmSource } from './wasm.ts';

type Kind = RuntimeInfo['kind'];

export interface EngineOptions {
  /**
   * Default: `relaxed` where it is faster, else `simd`. `turbo`: the same numbers as `relaxed` in 256-bit vectors; in
   * Node with V8's re-vectoriser, set and tried at the start (about 0.2 s), elsewhere the default with a reason.
   */
  readonly build?: BuildName;
  /** Default: one for each processor, at most 16. */
  readonly threads?: number;
  /** The same bits on every machine and in every browser: the `simd` build. */
  readonly reproducible?: boolean;
  /**
   * `team`: threads over shared memory, default where memory can be shared. `worker`: one worker reached by messages,
   * default elsewhere. `inline`: the calling thread.
   */
  readonly kind?: Kind;
  /** The binary, where it shall not come from the package's own chunk. */
  readonly wasm?: WasmSource;
  /** Starts `worker.js`, where the default does not find it. */
  readonly workerFactory?: WorkerFactory;
}

const KINDS: readonly string[] = ['inline', 'team', 'worker'];
const DEFAULT_THREADS = 16;
const MAX_THREADS = 64;
const MAX_PAGES = 65536;

/**
 * An engine, ready to run. Throws `OptionError` for options outside their range, `EngineError` where WebAssembly or
 * the kind asked for is not to be had.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  return create(options);
}

async function create(options: EngineOptions, start?: Start): Promise<Engine> {
  checkEngine(options);
  const { kind, reasons } = chooseKind(options);
  try {
    return await createKind(kind, options, reasons, start);
  } catch (error) {
    if (options.kind || kind === 'inline' || !(error instanceof EngineError)) throw error;
    const why = `on the calling thread: ${messageOf(error)}`;
    return createKind('inline', { ...options, threads: 1 }, [...reasons, why]);
  }
}

interface Standard extends Engine {
  readonly disposed?: boolean;
  /** Resolves when `info` is what it will stay. */
  settled?(): Promise<void>;
}

let standard: Promise<Standard> | undefined;

/** The engine of those who ask for none: one for the process, created on first use. `WASMGRAD_THREADS` sets its threads. */
export async function defaultEngine(): Promise<Engine> {
  const engine = await standard?.catch(() => undefined);
  if (engine && !engine.disposed) return engine;
  standard = create(environmentOptions(), isNode ? 'needed' : 'beside');
  return standard;
}

/** What runs, with how many threads, and why not more. */
export async function runtimeInfo(engine?: Engine): Promise<RuntimeInfo> {
  if (engine) return engine.info;
  const found: Standard = await defaultEngine();
  await found.settled?.();
  return found.info;
}

function environmentOptions(): EngineOptions {
  const threads = variable('WASMGRAD_THREADS');
  return threads ? { threads: Number(threads) } : {};
}

const ENGINE_OPTIONS = [
  'build',
  'threads',
  'reproducible',
  'kind',
  'wasm',
  'workerFactory',
] satisfies (keyof EngineOptions)[];

function checkEngine(options: EngineOptions): void {
  checkOptions('createEngine', options, ENGINE_OPTIONS);
  const { threads, kind } = options;
  if (kind !== undefined && !KINDS.includes(kind))
    throw new OptionError(`kind "${kind}": expected one of ${KINDS.join(', ')}`);
  if (threads === undefined) return;
  if (!Number.isInteger(threads) || threads < 1 || threads > MAX_THREADS)
    throw new OptionError(`threads: expected an integer from 1 to ${MAX_THREADS}, got ${threads}`);
  if (threads > 1 && kind !== undefined && kind !== 'team')
    throw new OptionError(`threads ${threads}: the ${kind} engine has one`);
}

function chooseKind({ kind }: EngineOptions): { kind: Kind; reasons: string[] } {
  const noSharing = notShared();
  if (kind === 'inline') return { kind, reasons: ['one thread: `kind` is "inline"'] };
  if (kind === 'worker') return { kind, reasons: ['one thread: `kind` is "worker"'] };
  if (!noSharing) return { kind: 'team', reasons: [] };
  if (kind === 'team') throw new EngineError(`no threads: ${noSharing}`);
  const reasons = [`one thread: ${noSharing}`];
  if (typeof Worker !== 'undefined' || isNode) return { kind: 'worker', reasons };
  return {
    kind: 'inline',
    reasons: [...reasons, 'on the calling thread: there are no workers here'],
  };
}

async function createKind(
  kind: Kind,
  options: EngineOptions,
  reasons: readonly string[],
  start?: Start,
): Promise<Engine> {
  const shared = kind === 'team';
  const [binary, space, engines] = await Promise.all([
    import('./builds.ts').then((builds) => builds.loadBinary(options, shared)),
    isNode ? import('./addressSpace.ts') : undefined,
    kind === 'worker' ? import('./remote.ts') : loadLocal(shared),
  ]);
  if (binary.shared !== shared)
    throw new EngineError(`\`wasm\` is ${binary.shared ? 'a' : 'not a'} build for shared memory`);
  const most = options.threads ?? Math.min(processors(), DEFAULT_THREADS);
  const room = space?.roomFor(shared ? most : kind === 'worker' ? 1 : 0);
  const why = [...reasons, ...(room?.reasons ?? [])];
  const pages = room?.maximumPages;
  if ('RemoteEngine' in engines) {
    const choice = describe(kind, 1, binary, why);
    return engines.RemoteEngine.create(binary.module, choice, options.workerFactory, pages);
  }
  const instance = engines.instantiate(binary.module, shared, pages);
  const small = instance.memory.maximumPages;
  if (small < (pages ?? MAX_PAGES))
    why.push(`at most ${small / 16} MB of memory: the host refused more`);
  if ('InlineEngine' in engines)
    return new engines.InlineEngine(instance, describe(kind, 1, binary, why));
  const threads = room?.threads ?? most;
  if (!options.threads && processors() > most)
    why.push(`${threads} threads for ${processors()} processors: ask for more by \`threads\``);
  const info = describe(kind, threads, binary, why);
  return engines.TeamEngine.create(instance, info, options.workerFactory, start);
}

/** The engine on the calling thread, or the team that it is part of, and what makes instances there. */
async function loadLocal(shared: boolean) {
  const [engine, { instantiate }] = await Promise.all([
    shared ? import('./team.ts') : import('./local.ts'),
    import('./instance.ts'),
  ]);
  return { ...engine, instantiate };
}

function describe(kind: Kind, threads: number, binary: Binary, reasons: readonly string[]): Choice {
  return {
    build: binary.build,
    kind,
    threads,
    sharedMemory: binary.shared,
    reasons: [...reasons, ...binary.reasons],
  };
}
