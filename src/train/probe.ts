import type { Tensor, Variable } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Model } from './model.ts';

/** What a layer computes in a step. */
export interface LayerOutput {
  /** Path of the layer, such as `encoder/fc1`. */
  readonly name: string;
  readonly layer: Layer;
  readonly value: Tensor;
}

/** What happens in a step, as nodes of its program. */
export interface StepView {
  /** In the order of the calls; `gradient` of the loss, where weights lie before it. */
  readonly outputs: readonly (LayerOutput & {
    readonly gradient: Tensor | undefined;
    /** Of a model's output what it should be, null where that has another shape; undefined for layers inside. */
    readonly truth: Tensor | null | undefined;
  })[];
  readonly weights: readonly {
    readonly variable: Variable;
    readonly before: Tensor;
    /** Before any clipping. */
    readonly gradient: Tensor;
    readonly after: Tensor;
  }[];
}

/** Measures some updates of a training: their steps are another program, which computes more. */
export interface Probe {
  /** Updates from one that is measured to the next; the first is measured. */
  readonly every: number;
  /** What to compute; the numbers of all tensors, in order, are given to `onProbe`. */
  watch(step: StepView): readonly Tensor[];
  /** `step` counts the batches of this `fit` from 0. */
  onProbe(values: ArrayLike<number>, step: number, model: Model): unknown;
}
