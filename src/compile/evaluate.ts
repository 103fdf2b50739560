import { isTensor, type Tensor } from '../graph/tensor.ts';
import { Trace, withTrace } from '../nn/trace.ts';
import { defaultEngine } from '../runtime/create.ts';
import type { Engine } from '../runtime/engine.ts';
import { checkOptions, shown, TypeMismatchError } from '../runtime/errors.ts';
import type { NDArray } from './array.ts';
import { Executable, plainStep, Workspace } from './executable.ts';
import { compile } from './program.ts';

export interface EvaluateOptions {
  /** Default: the engine of the process. */
  readonly engine?: Engine;
  /** Values of `input` tensors by name. */
  readonly inputs?: Readonly<Record<string, ArrayLike<number>>>;
  /** Governs random ops, default 0. */
  readonly seed?: number;
  /** Whether layers of a function do what they do in training, default false. */
  readonly training?: boolean;
}

type Expression = Tensor | readonly Tensor[] | (() => Tensor | readonly Tensor[]);

/** See `later.ts`. */
export async function evaluate(
  expression: Tensor | (() => Tensor),
  options?: EvaluateOptions,
): Promise<NDArray>;
export async function evaluate(
  expression: readonly Tensor[] | (() => readonly Tensor[]),
  options?: EvaluateOptions,
): Promise<NDArray[]>;
export async function evaluate(
  expression: Expression,
  options: EvaluateOptions = {},
): Promise<NDArray | NDArray[]> {
  checkOptions('evaluate', options, ['engine', 'inputs', 'seed', 'training']);
  const { inputs = {}, seed = 0, training = false } = options;
  const engine = options.engine ?? (await defaultEngine());
  const traced =
    typeof expression === 'function' && !isTensor(expression)
      ? withTrace(new Trace(training), expression)
      : expression;
  const tensors = isTensor(traced) ? [traced] : traced;
  if (!Array.isArray(tensors) || !tensors.every(isTensor))
    throw new TypeMismatchError(`evaluate: got ${shown(traced)}, expected tensors`);
  const outputs = Object.fromEntries(tensors.map((t, i) => [String(i), t]));
  const program = compile({ name: 'evaluate', outputs }, engine.target);
  const workspace = new Workspace(engine, 'evaluate');
  const executable = new Executable(program, workspace);
  try {
    const results = await engine.exclusive(async () => {
      for (const [name, data] of Object.entries(inputs)) executable.write(name, data);
      await executable.run([plainStep(seed)]);
      return Promise.all(tensors.map((_, i) => executable.read(String(i))));
    });
    return isTensor(traced) ? (results[0] as NDArray) : results;
  } finally {
    executable.free();
    workspace.free();
  }
}
