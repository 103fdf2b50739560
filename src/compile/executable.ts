import { bytesOf, wholeLines } from '../graph/tensor.ts';
import { encoding, rowBytes } from '../runtime/encode.ts';
import type { Engine } from '../runtime/engine.ts';
import { MemoryError, OptionError, StateError } from '../runtime/errors.ts';
import type { Pointer } from '../runtime/row.ts';
import { atOnce, type Work } from '../runtime/turns.ts';
import { fromMemory, type NDArray, storing, toMemory } from './array.ts';
import { Block, checkUsable } from './block.ts';
import { debugLevel } from './debug.ts';
import { RESULTS, STEP_BYTES, STEPS } from './emitter.ts';
import type { NotFinite } from './notFinite.ts';
import type { Port, Program } from './program.ts';

/** What varies from step to step; see `assembly/step.ts`. */
export interface Step {
  /** Learning rate. */
  readonly rate: number;
  /** Number of the update, from 1. */
  readonly number: number;
  readonly seed: number;
  /** Key of the random numbers of this step. */
  readonly key: number;
  /** First example of the batch in the order of the epoch. */
  readonly offset: number;
}

/** A step outside of training. */
export function plainStep(seed = 0): Step {
  return { rate: 0, number: 1, seed, key: 0, offset: 0 };
}

/** A step that touches more bytes for the first time does not run on the calling thread: 10 ms where 4 KiB take 20 µs. */
const FRESH_BYTES = 2 ** 21;

/** Steps that one call can hold. */
export const MAX_STEPS = 4096;

/** Memory that the programs of one model share: the arena, as large as the largest needs, and the step table. */
export class Workspace {
  readonly engine: Engine;
  readonly steps: Block;
  readonly owner: string;
  #arena: Block | null = null;
  #results: Block | null = null;

  constructor(engine: Engine, owner: string) {
    this.engine = engine;
    this.owner = owner;
    this.steps = new Block(engine, `step table of ${owner}`, MAX_STEPS * STEP_BYTES);
  }

  get arena(): Block {
    return this.#arena as Block;
  }

  get results(): Block {
    return this.#results as Block;
  }

  /** Makes room for a program; what was loaded before may have to be encoded again. */
  reserve({ plan, slots, target }: Program): void {
    this.#arena = this.#grown(this.#arena, 'arena', plan.bytes);
    this.#results = this.#grown(
      this.#results,
      'results',
      Math.max(1, slots) * MAX_STEPS * target.realBytes,
    );
  }

  #grown(old: Block | null, what: string, bytes: number): Block {
    if (old && old.bytes >= bytes) return old;
    const block = new Block(this.engine, `${what} of ${this.owner}`, Math.max(bytes, 64));
    old?.free();
    return block;
  }

  bytes(): number {
    return this.steps.bytes + (this.#arena?.bytes ?? 0) + (this.#results?.bytes ?? 0);
  }

  free(): void {
    for (const block of [this.steps, this.#arena, this.#results]) block?.free();
  }
}

export interface CallOptions {
  readonly profile?: Block;
}

/** A program in an engine's memory, ready to run. */
export class Executable {
  readonly program: Program;
  /** Bytes of the rows; constants follow them. */
  readonly rowBytes: number;
  readonly #workspace: Workspace;
  /** What it refers to, which it holds until it is freed. */
  readonly #used: ReadonlySet<Block>;
  #block: Block | null = null;
  #loadedWith: readonly unknown[] = [];
  #freed = false;
  /** Bytes that the next step touches for the first time. */
  #fresh = 0;

  constructor(program: Program, workspace: Workspace) {
    this.program = program;
    this.rowBytes = program.rows.reduce((sum, row) => sum + rowBytes(row), 0);
    this.#workspace = workspace;
    workspace.reserve(program);
    this.#used = this.#hold();
    const level = debugLevel();
    if (level >= 1) void import('./print.ts').then((print) => print.debugProgram(program, level));
  }

  #hold(): Set<Block> {
    const { engine } = this.#workspace;
    const { name, rows, variables } = this.program;
    for (const v of variables) checkUsable(v, engine, `program ${name}`);
    const used = new Set(variables.map((v) => v.storage?.buffer as Block));
    for (const { args } of rows)
      for (const arg of args)
        if (typeof arg === 'object' && arg.buffer instanceof Block) used.add(arg.buffer);
    for (const block of used) block.hold();
    return used;
  }

  /** Throws where memory that the program refers to is gone. */
  #check(): void {
    if (this.#freed) throw new StateError(`program ${this.program.name} was freed`);
    for (const block of this.#used) block.check();
  }

  bytes(): number {
    return this.#block?.bytes ?? 0;
  }

  /** Address of the first row. */
  get at(): number {
    return (this.#block as Block).at;
  }

  /** Writes rows and constants to memory if they are not there, or if the memory they refer to has moved. */
  load(): void {
    atOnce(this.loading());
  }

  /** The same in pieces. */
  *loading(): Work<void> {
    this.#check();
    const { engine, arena, results } = this.#workspace;
    const now = [arena, results, engine.generation];
    if (this.#block && now.every((x, i) => x === this.#loadedWith[i])) return;
    const { program } = this;
    const size = wholeLines(this.rowBytes);
    this.#block ??= new Block(
      engine,
      `program ${program.name}`,
      size + program.constants.buffer.bytes,
    );
    const { at } = this.#block;
    const resolve = (p: Pointer) => this.#resolve(p, at + size);
    const { rows, barriers, target } = program;
    engine.write(at, yield* encoding(rows, barriers, resolve, target.realBytes));
    for (const { at: offset, node } of program.constants.data)
      yield* storing(engine, at + size + offset, node.attrs.data, node.dtype);
    this.#loadedWith = now;
    this.#fresh = program.fresh;
  }

  #resolve({ buffer, offset }: Pointer, constants: number): number {
    if (!buffer) return offset;
    if (buffer instanceof Block) return buffer.at + offset;
    const { steps, results, arena } = this.#workspace;
    if (buffer === STEPS) return steps.at + offset;
    if (buffer === RESULTS) return results.at + offset;
    if (buffer === this.program.constants.buffer) return constants + offset;
    const planned = this.program.plan.offsets.get(buffer);
    if (planned === undefined)
      throw new StateError(`${buffer.name} has no memory: build the model first`);
    return arena.at + planned + offset;
  }

  /** Leaves the values of an input for the next call: all, or some from number `first` on. */
  write(name: string, data: ArrayLike<number>, first?: number): void {
    const port = this.#port(this.program.inputs, name);
    const { realBytes } = this.program.target;
    const values = toMemory(data, port.dtype, realBytes);
    const from = (first ?? 0) * values.BYTES_PER_ELEMENT;
    const rest = bytesOf(port, realBytes) - from - values.byteLength;
    if (first === undefined ? rest !== 0 : rest < 0)
      throw new OptionError(`input "${name}": ${values.length} numbers for shape [${port.shape}]`);
    this.#workspace.engine.write(this.#resolve(port.pointer, 0) + from, values);
  }

  /** Runs one step for each entry. */
  async run(steps: readonly Step[], { profile }: CallOptions = {}): Promise<void> {
    if (debugLevel() === 2 && !profile) return this.#runRows(steps);
    this.#prepare(steps);
    const options = profile ? { profile: profile.at } : {};
    await this.#workspace.engine.run({ ...this.#range(steps.length), ...options });
  }

  /** Row by row, telling times and what is not finite. */
  async #runRows(steps: readonly Step[]): Promise<void> {
    const { debugRows } = await import('./rowwise.ts');
    const { engine, results } = this.#workspace;
    const kept: Uint8Array[] = [];
    for (const step of steps) {
      this.#prepare([step]);
      await debugRows(this.#loaded);
      kept.push(await engine.read(results.at, this.program.slots * this.program.target.realBytes));
    }
    kept.forEach((bytes, i) => {
      engine.write(results.at + i * bytes.length, bytes);
    });
  }

  get #loaded() {
    const constants = this.at + wholeLines(this.rowBytes);
    const resolve = (p: Pointer) => this.#resolve(p, constants);
    return { engine: this.#workspace.engine, program: this.program, resolve };
  }

  /** Runs one step row by row up to the first whose results are not finite; what it changed stays changed. */
  async firstNotFinite(step: Step): Promise<NotFinite | null> {
    const { runRows } = await import('./rowwise.ts');
    this.#prepare([step]);
    return runRows(this.#loaded);
  }

  /** `run` at once on the calling thread, where the engine can. */
  runSync(steps: readonly Step[]): void {
    this.#prepare(steps);
    this.#sync().run(this.#range(steps.length));
  }

  #sync() {
    const { sync } = this.#workspace.engine;
    if (!sync)
      throw new StateError('this engine runs in a worker: use predict instead of predictSync');
    return sync;
  }

  #prepare(steps: readonly Step[]): void {
    if (steps.length > MAX_STEPS)
      throw new MemoryError(`${steps.length} steps in one call, at most ${MAX_STEPS}`);
    this.load();
    this.#workspace.engine.write(this.#workspace.steps.at, stepTable(steps));
  }

  #range(steps: number) {
    const { serial, us: estimate } = this.program;
    const threads = serial ? { threads: 1 } : {};
    const us = this.#fresh > FRESH_BYTES ? Number.POSITIVE_INFINITY : estimate;
    this.#fresh = 0;
    return { first: this.at, last: this.at + this.rowBytes, steps, us, ...threads };
  }

  async read(name: string): Promise<NDArray> {
    const { port, at, bytes, realBytes } = this.#output(name);
    const copy = await this.#workspace.engine.read(at, bytes);
    return { data: fromMemory(copy, port.dtype, realBytes), shape: port.shape };
  }

  readSync(name: string): NDArray {
    const { port, at, bytes, realBytes } = this.#output(name);
    return {
      data: fromMemory(this.#sync().read(at, bytes), port.dtype, realBytes),
      shape: port.shape,
    };
  }

  #output(name: string) {
    const port = this.#port(this.program.outputs, name);
    const { realBytes } = this.program.target;
    const constants = this.at + wholeLines(this.rowBytes);
    return {
      port,
      at: this.#resolve(port.pointer, constants),
      bytes: bytesOf(port, realBytes),
      realBytes,
    };
  }

  /** Every planned tensor by layer and op, as the last call left it: `dense/linear`. Needs DEBUG=3, where none shares memory. */
  async intermediates(): Promise<Record<string, NDArray>> {
    if (debugLevel() < 3)
      throw new StateError('intermediates share memory: compile with DEBUG=3 to keep them apart');
    const { readPlanned } = await import('./rowwise.ts');
    return readPlanned(this.#loaded);
  }

  /** What the last call recorded: `slots` numbers for each step. */
  async records(steps: number): Promise<ArrayLike<number>> {
    const { slots, target } = this.program;
    const bytes = await this.#workspace.engine.read(
      this.#workspace.results.at,
      steps * slots * target.realBytes,
    );
    return fromMemory(bytes, 'real', target.realBytes);
  }

  #port(ports: ReadonlyMap<string, Port>, name: string): Port {
    const port = ports.get(name);
    if (!port)
      throw new OptionError(
        `program ${this.program.name} has no "${name}"; known: ${[...ports.keys()]}`,
      );
    return port;
  }

  free(): void {
    if (this.#freed) return;
    this.#freed = true;
    this.#block?.free();
    this.#letGo();
  }

  #letGo(): void {
    for (const block of this.#used) block.free();
  }
}

function stepTable(steps: readonly Step[]): Uint8Array {
  const words = STEP_BYTES / 4;
  const table = new Int32Array(steps.length * words);
  const rates = new Float64Array(table.buffer);
  for (let i = 0, at = 0; i < steps.length; i++, at += words) {
    const { rate, number, seed, key, offset } = steps[i] as Step;
    rates[at / 2] = rate;
    table[at + 2] = number;
    table[at + 3] = seed;
    table[at + 4] = key;
    table[at + 5] = offset;
  }
  return new Uint8Array(table.buffer);
}
