import type { Shape } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Recorder } from '../nn/trace.ts';
import { input } from '../ops/leaf.ts';
import { OptionError } from '../runtime/errors.ts';
import { type Network, traceNetwork } from './network.ts';

/** What a layer is called on: an input of the model by name, or the result of an earlier call by number. */
export type CallRef = string | number;

export interface RecordedCalls {
  readonly calls: readonly {
    readonly callee: Layer | Network;
    readonly inputs: readonly CallRef[];
  }[];
  readonly outputs: Readonly<Record<string, CallRef>>;
}

/**
 * The calls of layers and models of which a functional model consists. Throws `OptionError` when ops stand between them, or
 * when its function makes layers with weights.
 */
export function recordCalls(network: Network): RecordedCalls {
  const inputs = [...network.inputs].map(
    ([name, shape]) => [name, input(name, [1, ...(shape as Shape)])] as const,
  );
  const refs = new Map<Tensor, CallRef>(inputs.map(([name, tensor]) => [tensor, name]));
  const calls: { callee: Layer | Network; inputs: CallRef[] }[] = [];
  const refOf = (tensor: Tensor, what: string): CallRef =>
    refs.get(tensor) ?? between(network, tensor, what);
  let inside = false;
  const recorder: Recorder = (callee, tensors, call) => {
    if (inside) return call();
    const found = tensors.map((t, i) => refOf(t, `input ${i}`));
    inside = true;
    try {
      // A copy: layers may return their input itself, which would hide them.
      const result = { ...call() };
      refs.set(result, calls.push({ callee: callee as Layer | Network, inputs: found }) - 1);
      return result;
    } finally {
      inside = false;
    }
  };
  const { trace, outputs } = traceNetwork(network, Object.fromEntries(inputs), false, recorder);
  const homeless = [...trace.variables].find((v) => !v.storage);
  if (homeless) {
    throw new OptionError(
      `model "${network.name}": the layer of weight "${homeless.name}" is made inside of the model's function; make it outside, so that it can be saved`,
    );
  }
  const found = Object.entries(outputs).map(
    ([name, t]) => [name, refOf(t, `output "${name}"`)] as const,
  );
  return { calls, outputs: Object.fromEntries(found) };
}

function between(network: Network, tensor: Tensor, what: string): never {
  const source = tensor?.op ? `made by the op "${tensor.op.name}"` : 'no tensor';
  throw new OptionError(
    `${what} is ${source}, which is no layer, so that model "${network.name}" cannot be saved: wrap what stands between its layers with layer(…) and registerLayer(…), or save the weights alone with saveWeights`,
  );
}
