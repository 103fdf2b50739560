import type { Shape } from '../graph/shape.ts';
import { withScope } from '../graph/scope.ts';
import { isTensor, type Tensor } from '../graph/tensor.ts';
import { currentTrace, Trace, withTrace } from '../nn/trace.ts';
import { OptionError, TypeMismatchError } from '../runtime/errors.ts';
import type { Outputs } from './outputs.ts';

/** What a model computes: a function from named inputs to named outputs, traced anew for each shape and mode. */
export interface Network {
  readonly name: string;
  /** Inputs and the shape of one example; null where the first data decide. */
  readonly inputs: Map<string, Shape | null>;
  readonly call: (inputs: Outputs) => Outputs;
}

/** One walk through the network. */
export function traceNetwork(network: Network, inputs: Outputs, training: boolean): { trace: Trace; outputs: Outputs } {
  const trace = new Trace(training);
  const outputs = withTrace(trace, () => network.call(inputs));
  return { trace, outputs };
}

/** The network as part of another one, with the same weights. */
export function applyNetwork(network: Network, tensors: readonly Tensor[]): Tensor {
  currentTrace();
  const names = [...network.inputs.keys()];
  if (tensors.length !== names.length) {
    throw new OptionError(`model "${network.name}" has ${names.length} inputs (${names}), got ${tensors.length}`);
  }
  const inputs = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  const outputs = Object.values(withScope('model', network.name, () => network.call(inputs)));
  if (outputs.length !== 1) throw new OptionError(`model "${network.name}" has ${outputs.length} outputs, expected 1`);
  return outputs[0] as Tensor;
}

/** What a functional model returns, by name. */
export function namedOutputs(result: Tensor | readonly Tensor[] | Outputs): Outputs {
  if (isTensor(result)) return { output: result };
  const entries = Array.isArray(result)
    ? result.map((t, i): [string, Tensor] => [`output_${i}`, t])
    : Object.entries(result as Outputs);
  for (const [name, t] of entries) {
    if (!isTensor(t)) throw new TypeMismatchError(`output "${name}" of the model is not a tensor`);
  }
  return Object.fromEntries(entries);
}
