/** Runs a case on an engine. */
import { type NDArray, toMemory } from '../../src/compile/array.ts';
import { Block } from '../../src/compile/block.ts';
import { Executable, plainStep, Workspace } from '../../src/compile/executable.ts';
import { compile, type ProgramSpec } from '../../src/compile/program.ts';
import { sizeOf } from '../../src/graph/shape.ts';
import { type Tensor, Variable } from '../../src/graph/tensor.ts';
import { mul } from '../../src/ops/binary.ts';
import { gradients } from '../../src/ops/gradient.ts';
import { external, input, read, scalar, tensor } from '../../src/ops/leaf.ts';
import { reduceSum } from '../../src/ops/sum.ts';
import { addAll } from '../../src/ops/unary.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { allocate, writeVariable } from '../../src/train/slabs.ts';
import { readVariable } from '../../src/train/variables.ts';
import { type Case, spread, type Values } from '../cases/case.ts';

/** The tensors that a case starts from, in the memory of an engine. */
class Leaves {
  readonly tensors: Tensor[];
  readonly variables: Variable[] = [];
  readonly #engine: Engine;
  readonly #inputs: readonly Values[];
  readonly #blocks: Block[] = [];

  constructor(engine: Engine, inputs: readonly Values[]) {
    this.#engine = engine;
    this.#inputs = inputs;
    this.tensors = inputs.map((x, i) => this.#leaf(x, `x${i}`));
  }

  #leaf({ shape, data, dtype, from = 'input' }: Values, name: string): Tensor {
    const engine = this.#engine;
    if (from === 'input') return input(name, shape, dtype);
    if (from === 'constant') return tensor(data, shape, dtype);
    if (from === 'variable') {
      const variable = new Variable(name, shape, () => scalar(0), { dtype });
      this.#blocks.push(allocate(engine, name, [variable]));
      writeVariable(engine, variable, data);
      this.variables.push(variable);
      return read(variable);
    }
    const values = toMemory(data, dtype, engine.target.realBytes);
    const block = new Block(engine, name, Math.max(64, values.byteLength));
    this.#blocks.push(block);
    engine.write(block.at, values);
    return external(block, shape, dtype);
  }

  write(executable: Executable): void {
    this.#inputs.forEach((x, i) => {
      if (executable.program.inputs.has(`x${i}`)) executable.write(`x${i}`, x.data);
    });
  }

  free(): void {
    for (const block of this.#blocks) block.free();
  }
}

/** An update, a record or a value as a program. */
function specOf(node: Tensor, more: readonly Tensor[]): ProgramSpec {
  const name = 'case';
  if (node.op.effect)
    return node.inputs.length > 1 ? { name, effects: [node] } : { name, records: node.inputs };
  return { name, outputs: Object.fromEntries([node, ...more].map((t, i) => [String(i), t])) };
}

/** Σ wᵢ·yᵢ with fixed weights: one number that depends on all elements. */
function weighted(y: Tensor, seed: number): Tensor {
  const { data, shape } = spread(y.shape, seed);
  return reduceSum(mul(y, tensor(data, shape)));
}

function differentiable(tensors: readonly Tensor[]): Tensor[] {
  return tensors.filter((t) => t.dtype === 'real' && t.op.source === 'input');
}

export class CaseRunner {
  readonly engine: Engine;
  readonly #workspace: Workspace;

  constructor(engine: Engine) {
    this.engine = engine;
    this.#workspace = new Workspace(engine, 'cases');
  }

  dispose(): void {
    this.engine.dispose();
  }

  /** What the case gives: its value, with its gradients when asked for; or what it leaves in its variables; or records. */
  async run(c: Case, withGradients = false): Promise<NDArray[]> {
    return this.#with(c, async (leaves) => {
      const node = c.op(...leaves.tensors);
      const wrt = differentiable(leaves.tensors);
      const more = withGradients && c.order ? gradients(weighted(node, 4), wrt) : [];
      return this.#execute(specOf(node, more), leaves, async (executable) => {
        await executable.run([{ ...plainStep(), ...c.step }]);
        const { outputs, slots } = executable.program;
        if (slots) return [{ data: Float64Array.from(await executable.records(1)), shape: [] }];
        if (!outputs.size)
          return Promise.all(leaves.variables.map((v) => readVariable(this.engine, v)));
        return Promise.all([...outputs.keys()].map((name) => executable.read(name)));
      });
    });
  }

  /** Compares derivatives up to the case's order with central differences; tells of each that is wrong. */
  async wrongDerivatives(c: Case): Promise<string[]> {
    return this.#with(c, async (leaves) => {
      const wrt = differentiable(leaves.tensors);
      const wrong: string[] = [];
      let h = weighted(c.op(...leaves.tensors), 4);
      for (let order = 1; order <= (c.order ?? 0); order++) {
        const grads = gradients(h, wrt);
        const outputs = { h, ...Object.fromEntries(grads.map((g, k) => [wrt[k]?.attrs.name, g])) };
        const found = await this.#execute({ name: 'differences', outputs }, leaves, (executable) =>
          differences(executable, c, wrt),
        );
        wrong.push(...found.map((text) => `order ${order}: ${text}`));
        h = addAll(grads.map((g, k) => weighted(g, k)));
      }
      return wrong;
    });
  }

  async #with<T>(c: Case, body: (leaves: Leaves) => Promise<T>): Promise<T> {
    const leaves = new Leaves(this.engine, c.inputs);
    try {
      return await body(leaves);
    } finally {
      leaves.free();
    }
  }

  /** Small programs too go on all threads. */
  async #execute<T>(
    spec: ProgramSpec,
    leaves: Leaves,
    body: (executable: Executable) => Promise<T>,
  ): Promise<T> {
    const program = {
      ...compile(spec, this.engine.target),
      serial: false,
      us: Number.POSITIVE_INFINITY,
    };
    const executable = new Executable(program, this.#workspace);
    leaves.write(executable);
    try {
      return await body(executable);
    } finally {
      executable.free();
    }
  }
}

const EPSILON = 2 ** -17;
const MOST = 24;

/** At most MOST elements of each input are moved, evenly chosen. */
async function differences(
  executable: Executable,
  c: Case,
  wrt: readonly Tensor[],
): Promise<string[]> {
  const steps = [{ ...plainStep(), ...c.step }];
  const value = (): number => {
    executable.runSync(steps);
    return executable.readSync('h').data[0] as number;
  };
  const h = value();
  const grads = wrt.map((t) => executable.readSync(t.attrs.name).data);
  const wrong: string[] = [];
  wrt.forEach((t, k) => {
    const name = t.attrs.name as string;
    if (!executable.program.inputs.has(name)) {
      if (grads[k]?.some((g) => g !== 0)) wrong.push(`d/d${name} is not 0`);
      return;
    }
    const data = Float64Array.from(c.inputs[Number(name.slice(1))]?.data ?? []);
    const moved = (i: number, by: number) => {
      executable.write(name, data.with(i, (data[i] as number) + by));
      return value();
    };
    const n = sizeOf(t.shape);
    for (let i = 0; i < n; i += Math.max(1, Math.ceil(n / MOST))) {
      const slope = (moved(i, EPSILON) - moved(i, -EPSILON)) / (2 * EPSILON);
      const g = grads[k]?.[i] as number;
      const limit = 2e-7 * (1 + Math.abs(g) + Math.abs(h));
      if (!(Math.abs(slope - g) <= limit))
        wrong.push(`d/d${name}[${i}] is ${g}, differences say ${slope}`);
    }
    executable.write(name, data);
  });
  return wrong;
}
