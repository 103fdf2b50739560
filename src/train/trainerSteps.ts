import type { ProgramSpec } from '../compile/program.ts';
import { type DataLike, type Table, table } from '../data/table.ts';
import { formatShape } from '../graph/shape.ts';
import { isTensor, type Variable } from '../graph/tensor.ts';
import { Trace, withTrace } from '../nn/trace.ts';
import { input } from '../ops/leaf.ts';
import { addAll } from '../ops/unary.ts';
import type { Optimizer } from '../optim/optimizer.ts';
import { defaultEngine } from '../runtime/create.ts';
import { OptionError, TypeMismatchError } from '../runtime/errors.ts';
import { isA } from '../runtime/kind.ts';
import { inTurns, type Work } from '../runtime/turns.ts';
import type { Logs } from './history.ts';
import { writingTable } from './predict.ts';
import { trainable } from './programs.ts';
import { ModelState } from './state.ts';
import { trainStep } from './step.ts';
import type { Estate, StepData, StepFunction, StepResult, TrainerOptions } from './trainer.ts';

/** The steps of one trainer. */
export class TrainerSteps {
  readonly #f: StepFunction;
  readonly #optimizer: Optimizer;
  readonly #options: TrainerOptions;
  readonly #estate: Estate;
  #opening: Promise<ModelState> | null = null;
  #iterations = 0;
  #names = new Map<string, readonly string[]>();

  constructor(f: StepFunction, optimizer: Optimizer, options: TrainerOptions, estate: Estate) {
    this.#f = f;
    this.#optimizer = optimizer;
    this.#options = options;
    this.#estate = estate;
  }

  async #open(): Promise<ModelState> {
    const { engine = await defaultEngine(), name = 'trainer' } = this.#options;
    this.#estate.checkAlive(this.#options);
    this.#estate.state = new ModelState(engine, name);
    return this.#estate.state;
  }

  /** One update from the batch; resolves to the loss and what else the step function reports. */
  async step(data: StepData): Promise<Logs> {
    this.#estate.checkAlive(this.#options);
    const tables = Object.entries(data).map(([name, given]) => stepTable(name, given));
    this.#opening ??= this.#open();
    const state = await this.#opening;
    const { engine } = state;
    const key = tables.map((t) => `${t.name}${t.dtype}${formatShape(t.shape)}`).join();
    await this.#prepare(key, tables, state);
    const { learningRate } = this.#optimizer;
    const number = ++this.#iterations;
    const rate = typeof learningRate === 'number' ? learningRate : learningRate(number - 1, 0);
    const records = await engine.exclusive(async () => {
      const executable = await state.programInTurns(key, () => this.#spec(key, tables, state));
      for (const t of tables) await inTurns(writingTable(executable, t));
      await executable.run([
        { rate, number, seed: this.#options.seed ?? 0, key: number, offset: 0 },
      ]);
      return executable.records(1);
    });
    const names = this.#names.get(key) as readonly string[];
    return Object.fromEntries(names.map((name, i) => [name, records[i] as number]));
  }

  async #prepare(key: string, tables: readonly Table[], state: ModelState): Promise<void> {
    if (this.#names.has(key)) return;
    const { trace } = this.#trace(tables);
    await state.adopt(trace, this.#options.seed ?? 0);
    this.#estate.expectation.end();
    if (await state.prepareTraining(this.#parameters(trace), this.#optimizer)) this.#iterations = 0;
  }

  *#spec(key: string, tables: readonly Table[], state: ModelState): Work<ProgramSpec> {
    const { trace, result } = this.#trace(tables);
    const { loss, ...others } = isTensor(result) ? { loss: result } : result;
    const total = addAll([loss, ...trace.penalties]);
    const records = [total, ...Object.values(others)];
    const name = this.#options.name ?? 'trainer';
    const variables = this.#parameters(trace);
    this.#names.set(key, ['loss', ...Object.keys(others)]);
    const parts = { name, loss: total, records, variables, trace };
    return yield* trainStep(parts, this.#optimizer, state);
  }

  #trace(tables: readonly Table[]): { trace: Trace; result: StepResult } {
    const trace = new Trace(true, { examples: tables[0]?.shape[0] ?? 1 });
    const inputs = Object.fromEntries(
      tables.map((t) => [t.name, input(t.name, t.shape, t.dtype === 'i32' ? 'i32' : 'real')]),
    );
    const result = withTrace(trace, () => this.#f(inputs));
    if (!isTensor(result) && !isTensor(result?.loss)) {
      throw new TypeMismatchError(
        'trainer: the step function must return a scalar tensor, or { loss, … }',
      );
    }
    return { trace, result };
  }

  #parameters(trace: Trace): Variable[] {
    const all = trainable(trace);
    const { layers } = this.#options;
    const wanted = layers && new Set(layers.flatMap((l) => [...l.variables]));
    const chosen = wanted ? all.filter((v) => wanted.has(v)) : all;
    if (chosen.length === 0)
      throw new OptionError('trainer: the step reaches no trainable weights');
    return chosen;
  }
}

/** Whole-number typed arrays other than bytes are i32; everything else is real. */
function stepTable(name: string, given: DataLike): Table {
  const data = ArrayBuffer.isView(given)
    ? given
    : !Array.isArray(given) && given && 'data' in given
      ? given.data
      : null;
  const whole = isA(data, 'Int32Array', 'Int16Array', 'Uint16Array');
  if (!whole) return table(name, given, 'values');
  const { shape } = given as { shape?: readonly number[] };
  return {
    name,
    data: Int32Array.from(data),
    shape: shape ?? [data.length],
    dtype: 'i32',
    scale: 1,
    offset: 0,
  };
}
