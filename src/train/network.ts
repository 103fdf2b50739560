import { withScope } from '../graph/scope.ts';
import type { Shape } from '../graph/shape.ts';
import { isTensor, type Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import { currentTrace, type Recorder, Trace, type TraceOptions, withTrace } from '../nn/trace.ts';
import { OptionError, shown, TypeMismatchError } from '../runtime/errors.ts';
import type { Outputs } from './outputs.ts';

/** What a model computes: a function from named inputs to named outputs, traced anew for each shape and mode. */
export interface Network {
  readonly name: string;
  /** Inputs and the shape of one example; null where the first data decide. */
  readonly inputs: Map<string, Shape | null>;
  readonly call: (inputs: Outputs) => Outputs;
  /** Of a sequential model: what is called one behind the other. */
  readonly parts?: readonly NetworkPart[];
  /** Whether training may change its weights, default true. */
  trainable?: boolean;
}

/** A layer, a model as a layer, or a plain function of one tensor. */
export type NetworkPart = Layer<never> | Network | ((x: Tensor) => Tensor);

/** Parts one behind the other. */
export function sequentialNetwork(
  name: string,
  inputShape: Shape | null,
  parts: readonly NetworkPart[],
): Network {
  const apply = (x: Tensor, part: NetworkPart) =>
    typeof part === 'function' ? (part as (x: Tensor) => Tensor)(x) : applyNetwork(part, [x]);
  return {
    name,
    inputs: new Map([['input', inputShape]]),
    parts,
    call: ({ input }) => ({ output: parts.reduce(apply, input as Tensor) }),
  };
}

/** One walk through the network. */
export function traceNetwork(
  network: Network,
  inputs: Outputs,
  training: boolean,
  recorder: Recorder | null = null,
  options: TraceOptions = {},
): { trace: Trace; outputs: Outputs } {
  const trace = new Trace(training, { ...options, trainable: network.trainable });
  trace.recorder = recorder;
  const outputs = withTrace(trace, () => network.call(inputs));
  return { trace, outputs };
}

/** The network as part of another one, with the same weights. */
export function applyNetwork(network: Network, tensors: readonly Tensor[]): Tensor {
  const trace = currentTrace();
  trace.models.add(network);
  const names = [...network.inputs.keys()];
  if (tensors.length !== names.length) {
    throw new OptionError(
      `model "${network.name}" has ${names.length} inputs (${names}), got ${tensors.length}`,
    );
  }
  const inputs = Object.fromEntries(names.map((name, i) => [name, tensors[i] as Tensor]));
  const run = (): Tensor => {
    const outputs = Object.values(network.call(inputs));
    if (outputs.length === 1) return outputs[0] as Tensor;
    throw new OptionError(`model "${network.name}" has ${outputs.length} outputs, expected 1`);
  };
  return withScope('model', network.name, () => trace.call(network, network.name, tensors, run));
}

/** What a functional model returns, by name. */
export function namedOutputs(result: Tensor | readonly Tensor[] | Outputs): Outputs {
  if (isTensor(result)) return { output: result };
  if (typeof result !== 'object' || result === null)
    throw new TypeMismatchError(`model: outputs gave ${shown(result)}, expected tensors`);
  const entries = Array.isArray(result)
    ? result.map((t, i): [string, Tensor] => [`output_${i}`, t])
    : Object.entries(result as Outputs);
  for (const [name, t] of entries) {
    if (!isTensor(t)) throw new TypeMismatchError(`output "${name}" of the model is not a tensor`);
  }
  return Object.fromEntries(entries);
}
