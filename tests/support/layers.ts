/** Calls layers outside of a model: traces them, gives their weights memory, computes the result. */
import { Executable, plainStep, Workspace } from '../../src/compile/executable.ts';
import { compile } from '../../src/compile/program.ts';
import type { Tensor } from '../../src/graph/tensor.ts';
import { Trace, type TraceOptions, withTrace } from '../../src/nn/trace.ts';
import type { Engine } from '../../src/runtime/engine.ts';
import { allocate, writeVariable } from '../../src/train/slabs.ts';
import { initialize } from '../../src/train/variables.ts';

interface CallOptions {
  readonly training?: boolean;
  readonly trace?: TraceOptions;
  /** Values of variables by the end of their name. */
  readonly weights?: Readonly<Record<string, readonly number[]>>;
}

interface Called {
  readonly data: number[];
  readonly shape: readonly number[];
  readonly penalties: number[];
  readonly trace: Trace;
}

export async function call(
  engine: Engine,
  body: () => Tensor,
  options: CallOptions = {},
): Promise<Called> {
  const trace = new Trace(options.training ?? false, options.trace);
  const result = withTrace(trace, body);
  const variables = [...trace.variables];
  const block = allocate(engine, 'test', variables);
  await initialize(engine, variables, 1);
  for (const [name, values] of Object.entries(options.weights ?? {})) {
    const variable = variables.find((v) => v.name.endsWith(name));
    if (!variable) throw new Error(`no variable ${name} among ${variables.map((v) => v.name)}`);
    writeVariable(engine, variable, [...values]);
  }
  const outputs = Object.fromEntries([result, ...trace.penalties].map((t, i) => [String(i), t]));
  const workspace = new Workspace(engine, 'test');
  const executable = new Executable(compile({ name: 'test', outputs }, engine.target), workspace);
  await executable.run([plainStep(1)]);
  const [{ data, shape }, ...penalties] = (await Promise.all(
    Object.keys(outputs).map((name) => executable.read(name)),
  )) as [Awaited<ReturnType<Executable['read']>>, ...Awaited<ReturnType<Executable['read']>>[]];
  executable.free();
  workspace.free();
  block.free();
  return {
    data: Array.from(data),
    shape,
    penalties: penalties.map((p) => p.data[0] as number),
    trace,
  };
}
