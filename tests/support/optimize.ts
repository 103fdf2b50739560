/** Runs an optimiser's update on a variable of its own, step by step, as programs of the compiler. */
import { Block } from '../../src/compile/block.ts';
import { Executable, Workspace } from '../../src/compile/executable.ts';
import { compile } from '../../src/compile/program.ts';
import { paddedBytes, Variable } from '../../src/graph/tensor.ts';
import { input, read, scalar } from '../../src/ops/leaf.ts';
import type { Optimizer } from '../../src/optim/optimizer.ts';
import type { Engine } from '../../src/runtime/engine.ts';

function reals(engine: Engine, data: readonly number[]): Float32Array | Float64Array {
  return engine.target.realBytes === 8 ? Float64Array.from(data) : Float32Array.from(data);
}

/** State of one number for each element, in the engine. */
export class Slab {
  readonly variable: Variable;
  readonly block: Block;

  constructor(engine: Engine, name: string, data: readonly number[]) {
    this.variable = new Variable(name, [data.length], () => scalar(0));
    this.block = new Block(engine, name, paddedBytes(this.variable, engine.target.realBytes));
    this.variable.storage = { buffer: this.block, offset: 0, panel: 0 };
    engine.write(this.block.at, reals(engine, data));
  }

  async read(): Promise<number[]> {
    const { engine, at } = this.block;
    const { realBytes } = engine.target;
    const { buffer } = await engine.read(at, this.variable.size * realBytes);
    return [...(realBytes === 8 ? new Float64Array(buffer) : new Float32Array(buffer))];
  }
}

/** An optimiser at work on one parameter. */
export class Descent {
  readonly parameter: Slab;
  readonly slots: readonly Slab[];
  readonly #optimizer: Optimizer;
  readonly #workspace: Workspace;
  readonly #executable: Executable;
  #number = 0;

  constructor(
    engine: Engine,
    optimizer: Optimizer,
    parameter: Slab,
    name = parameter.variable.name,
  ) {
    this.parameter = parameter;
    this.#optimizer = optimizer;
    const { size } = parameter.variable;
    this.slots = optimizer.slots.map(
      (s) => new Slab(engine, s.name, new Array<number>(size).fill(Number(s.initial))),
    );
    const node = optimizer.update(
      read(parameter.variable),
      input('gradient', [size]),
      this.slots.map((s) => read(s.variable)),
      input('loss', []),
      name,
    );
    this.#workspace = new Workspace(engine, 'test');
    this.#executable = new Executable(
      compile({ name: 'update', effects: [node] }, engine.target),
      this.#workspace,
    );
  }

  async step(gradient: readonly number[], loss = 0): Promise<number[]> {
    const { learningRate } = this.#optimizer;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(this.#number, 0);
    this.#number++;
    this.#executable.write('gradient', gradient);
    this.#executable.write('loss', [loss]);
    await this.#executable.run([{ rate, number: this.#number, seed: 0, key: 0, offset: 0 }]);
    return this.parameter.read();
  }

  free(): void {
    this.#executable.free();
    this.#workspace.free();
    for (const slab of this.slots) slab.block.free();
  }
}
