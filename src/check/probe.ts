import { Block } from '../compile/block.ts';
import { Executable, MAX_STEPS, plainStep, Workspace } from '../compile/executable.ts';
import { compile, type ProgramSpec } from '../compile/program.ts';
import { type Tensor, Variable } from '../graph/tensor.ts';
import { rebuild } from '../graph/walk.ts';
import { gradients } from '../ops/gradient.ts';
import { external, read, scalar } from '../ops/leaf.ts';
import { readAfter, setElements } from '../ops/update.ts';
import type { Engine } from '../runtime/engine.ts';
import { macrotask } from '../runtime/environment.ts';
import { allocate, writeVariable } from '../train/slabs.ts';

type Values = ArrayLike<number>;

/** A loss and the numbers from which it is computed. */
export interface LossSetting {
  readonly loss: Tensor;
  /** Those whose gradients are asked for. */
  readonly parameters: readonly Variable[];
  /** Values of these and of all other variables that the loss reads. */
  readonly values: ReadonlyMap<Variable, Values>;
  /** Values of inputs by name. */
  readonly inputs: ReadonlyMap<string, Values>;
}

/** A call takes about so long; then others have a turn. */
const CHUNK_MS = 20;
/** Elements set in each step: the last one goes back, the next one moves. */
const SET = 2;

/**
 * A loss on an engine of its own, with copies of the variables it reads: gives its gradient, and its value where single
 * elements are moved. Each step of a call sets one element and computes the loss, so that thousands are one call.
 */
export class LossProbe {
  readonly #engine: Engine;
  readonly #setting: LossSetting;
  readonly #workspace: Workspace;
  readonly #copies = new Map<Variable, Variable>();
  readonly #blocks: Block[] = [];
  readonly #slab: Block;
  readonly #places: Block;
  readonly #values: Block;
  readonly #losses: Executable;
  #stepMs = CHUNK_MS / 16;
  /** The element that is moved, and its value at rest. */
  #moved = { place: -1, rest: 0 };

  /** The engine must be of the build `f64`, on the calling thread. It is not disposed. */
  constructor(engine: Engine, setting: LossSetting) {
    this.#engine = engine;
    this.#setting = setting;
    this.#workspace = new Workspace(engine, 'gradient check');
    this.#slab = this.#copy('checked weights', setting.parameters);
    const others = [...setting.values.keys()].filter((v) => !this.#copies.has(v));
    this.#copy('other variables', others);
    this.#places = this.#block(new Block(engine, 'places', MAX_STEPS * SET * 4));
    this.#values = this.#block(new Block(engine, 'values', MAX_STEPS * SET * 8));
    this.#losses = this.#load({ name: 'moved losses', records: [this.#movedLoss()] });
  }

  #block(block: Block): Block {
    this.#blocks.push(block);
    return block;
  }

  #copy(name: string, variables: readonly Variable[]): Block {
    const copies = variables.map(
      (v) => new Variable(v.name, v.shape, () => scalar(0), { dtype: v.dtype }),
    );
    const block = this.#block(allocate(this.#engine, name, copies));
    variables.forEach((v, i) => {
      const copy = copies[i] as Variable;
      this.#copies.set(v, copy);
      writeVariable(this.#engine, copy, this.#setting.values.get(v) as Values);
    });
    return block;
  }

  /** The loss of the copies, which `value` gives. */
  #loss(value: (copy: Variable) => Tensor): Tensor {
    return rebuild(this.#setting.loss, ({ op, attrs }) =>
      op.source === 'variable' ? value(this.#copies.get(attrs.variable) as Variable) : null,
    );
  }

  #movedLoss(): Tensor {
    const table = [MAX_STEPS, SET];
    const move = setElements(
      external(this.#slab, [this.#slab.bytes / 8], 'real'),
      external(this.#places, table, 'i32'),
      external(this.#values, table, 'real'),
    );
    return this.#loss((copy) => readAfter(read(copy), [move]));
  }

  #load(spec: ProgramSpec): Executable {
    return new Executable(compile(spec, this.#engine.target), this.#workspace);
  }

  #write(executable: Executable): void {
    for (const [name, values] of this.#setting.inputs)
      if (executable.program.inputs.has(name)) executable.write(name, values);
  }

  /** Gradients of the parameters, by backpropagation. */
  gradients(): Float64Array[] {
    const { parameters } = this.#setting;
    const loss = this.#loss((copy) => read(copy));
    const found = gradients(
      loss,
      parameters.map((v) => this.#copies.get(v) as Variable),
    );
    const outputs = Object.fromEntries(found.map((g, i) => [String(i), g]));
    const executable = this.#load({ name: 'gradients', outputs });
    this.#write(executable);
    executable.runSync([plainStep()]);
    const results = found.map((_, i) => executable.readSync(String(i)).data as Float64Array);
    executable.free();
    return results;
  }

  /** Where element `i` of a parameter lies, for `losses`. */
  place(parameter: Variable, i: number): number {
    return ((this.#copies.get(parameter) as Variable).storage?.offset ?? 0) / 8 + i;
  }

  /** The loss for each move: element `places[i]`, otherwise at `rests[i]`, is `values[i]`, and all others are at rest. */
  async losses(places: Int32Array, rests: Float64Array, values: Float64Array) {
    const found = new Float64Array(places.length);
    this.#write(this.#losses);
    for (let first = 0; first < places.length; ) {
      const count = Math.min(this.#chunk(), places.length - first);
      this.#writeMoves(places, rests, values, first, count);
      const started = performance.now();
      this.#losses.runSync(new Array(count).fill(plainStep()));
      this.#stepMs = Math.max(1e-4, (performance.now() - started) / count);
      found.set(await this.#losses.records(count), first);
      first += count;
      await macrotask();
    }
    return found;
  }

  #chunk(): number {
    return Math.max(1, Math.min(MAX_STEPS, Math.floor(CHUNK_MS / this.#stepMs)));
  }

  #writeMoves(
    places: Int32Array,
    rests: Float64Array,
    values: Float64Array,
    first: number,
    count: number,
  ): void {
    const placeTable = new Int32Array(count * SET);
    const valueTable = new Float64Array(count * SET);
    for (let i = 0, at = 0; i < count; i++, at += SET) {
      const place = places[first + i] as number;
      placeTable[at] = this.#moved.place;
      valueTable[at] = this.#moved.rest;
      placeTable[at + 1] = place;
      valueTable[at + 1] = values[first + i] as number;
      this.#moved = { place, rest: rests[first + i] as number };
    }
    this.#engine.write(this.#places.at, placeTable);
    this.#engine.write(this.#values.at, valueTable);
  }

  free(): void {
    this.#losses.free();
    this.#workspace.free();
    for (const block of this.#blocks) block.free();
  }
}
