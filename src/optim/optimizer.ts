import type { Tensor } from '../graph/tensor.ts';
import type { Schedule } from './schedule.ts';

/** What differs for some of the weights. */
export interface ParameterGroup {
  /** A regular expression: the group takes the weights in whose name (`dense/bias`) it is found, if no group before does. */
  readonly match: string | RegExp;
  /** The learning rate of each step is multiplied by it, default 1. */
  readonly learningRateFactor?: number;
  /** Default: the optimiser's. */
  readonly weightDecay?: number;
}

/** Options of every optimiser. */
export interface OptimizerOptions {
  /** A number, or a function of the step and epoch, both from 0. */
  readonly learningRate?: number | Schedule;
  /** Decoupled weight decay λ: p −= rate·λ·p before the update. Default 0 (AdamW 0.004). */
  readonly weightDecay?: number;
  /** Each element of the gradient is limited to ±clipValue. */
  readonly clipValue?: number;
  /** The gradient of each variable is scaled to at most this Euclidean norm. */
  readonly clipNorm?: number;
  /** All gradients together are scaled to at most this Euclidean norm. */
  readonly globalClipNorm?: number;
  /** Keeps a moving average of each weight, which the weights become at the end of `fit`. Default false. */
  readonly useEma?: boolean;
  /** average ← emaMomentum·average + (1 − emaMomentum)·weight. Default 0.99. */
  readonly emaMomentum?: number;
  /** The weights become their averages every so many updates. Default: only at the end. */
  readonly emaOverwriteFrequency?: number;
  /** Weights with rates and decays of their own, such as `[{ match: /bias|gamma|beta/, weightDecay: 0 }]`. */
  readonly groups?: readonly ParameterGroup[];
}

/** How a parameter follows its gradient. */
export interface Optimizer {
  readonly name: string;
  /** What rebuilds the optimiser. */
  readonly config: Readonly<Record<string, unknown>>;
  /** May be set between steps. */
  learningRate: number | Schedule;
  readonly options: OptimizerOptions;
  /** State kept for each parameter: names and first values, which may be the parameter's. */
  readonly slots: readonly { readonly name: string; readonly initial: number | 'parameter' }[];
  /** The in-place update as a node; nothing changes when `guard` is not finite, as it is where the loss or a gradient is not. Groups go by the parameter's `name`. */
  update(
    parameter: Tensor,
    gradient: Tensor,
    slots: readonly Tensor[],
    guard: Tensor,
    name: string,
  ): Tensor;
}
