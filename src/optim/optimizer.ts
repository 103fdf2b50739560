import type { Tensor } from '../graph/tensor.ts';
import type { Schedule } from './schedule.ts';

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
}

/** How a parameter follows its gradient. */
export interface Optimizer {
  readonly name: string;
  /** What rebuilds the optimiser. */
  readonly config: Readonly<Record<string, unknown>>;
  /** May be set between steps. */
  learningRate: number | Schedule;
  readonly options: OptimizerOptions;
  /** State kept for each parameter: names and first values. */
  readonly slots: readonly { readonly name: string; readonly initial: number }[];
  /** The in-place update as a node; nothing changes when `guard`, the loss, is not finite. */
  update(parameter: Tensor, gradient: Tensor, slots: readonly Tensor[], guard: Tensor): Tensor;
}
