import { sizeOf } from '../graph/shape.ts';
import type { Tensor } from '../graph/tensor.ts';
import { rootOf } from '../graph/tensor.ts';
import { affine, equal, greater, sub } from '../ops/binary.ts';
import { magnitude } from '../ops/magnitude.ts';
import { reduceMax, reduceMean } from '../ops/reduce.ts';
import { where } from '../ops/select.ts';
import { abs } from '../ops/unary.ts';
import { log } from '../optim/math.ts';
import type { StepView } from '../train/probe.ts';
import type { HealthSample, LayerHealth, Magnitude, WeightHealth } from './health.ts';
import { type Setup, setupOf } from './setup.ts';

/** Distance from the end of an activation's range at which a unit counts as saturated. */
const MARGIN = 0.03;

/** What a step is asked for, and how the answer is read. */
export interface Measured {
  readonly tensors: readonly Tensor[];
  readonly layers: readonly ((next: Next) => LayerHealth)[];
  readonly weights: readonly ((next: Next) => WeightHealth)[];
  readonly setup: Setup;
}

/** Takes the next number of the answer. */
type Next = () => number;

/** What to compute in a step that is measured. */
export function watchStep({ outputs, weights }: StepView): Measured {
  const tensors: Tensor[] = [];
  const ask = (...asked: Tensor[]) => {
    tensors.push(...asked);
  };
  const layers = outputs
    .filter((o) => o.value.dtype === 'real' && sizeOf(o.value.shape) > 0)
    .map(({ name, value, gradient, truth }) => {
      ask(magnitude(value), ...(gradient ? [magnitude(gradient)] : []));
      const ends = endsOf(value, truth);
      ask(...ends.map((end) => end.share));
      return (next: Next): LayerHealth => ({
        layer: name,
        activation: sizes(next),
        ...(gradient ? { gradient: sizes(next) } : {}),
        ...Object.fromEntries(ends.map((end) => [end.kind, next()])),
      });
    });
  const relu = outputs.some(({ value }) => endsOf(value)[0]?.kind === 'dead');
  const setup = setupOf([...new Set(outputs.map((o) => o.layer))], relu);
  const read = weights.map(({ variable, before, gradient, after }) => {
    ask(magnitude(before), magnitude(gradient), magnitude(sub(after, before)));
    return (next: Next): WeightHealth => {
      const [weight, slope, update] = [sizes(next), sizes(next), sizes(next)];
      const ratio = update.rms / weight.rms;
      const matrix = variable.shape.length > 1;
      return { name: variable.name, weight, gradient: slope, update, ratio, matrix };
    };
  });
  return { tensors, layers, weights: read, setup };
}

interface End {
  readonly kind: 'saturated' | 'dead' | 'wrong';
  readonly share: Tensor;
}

/**
 * Share of outputs near the ends of the activation's range, or of units at its only end. An output of the model may be sure:
 * it saturates only where it is at the wrong end.
 */
function endsOf(value: Tensor, truth?: Tensor | null): End[] {
  const root = rootOf(value);
  const [low, high] = root.op.range?.(root) ?? [-Infinity, Infinity];
  if (Number.isFinite(low) && Number.isFinite(high)) {
    const [middle, half] = [(low + high) / 2, (high - low) / 2];
    const away = abs(middle === 0 ? value : affine(value, 1, -middle));
    const atEnd = greater(away, half - MARGIN);
    if (truth === undefined) return [{ kind: 'saturated', share: reduceMean(atEnd) }];
    if (truth === null) return [];
    const wrong = greater(where(atEnd, abs(sub(value, truth)), 0), half);
    return [{ kind: 'wrong', share: reduceMean(wrong) }];
  }
  if (!Number.isFinite(low) || value.shape.length < 2) return [];
  const axes = value.shape.slice(0, -1).map((_, i) => i);
  return [{ kind: 'dead', share: reduceMean(equal(reduceMax(value, { axes }), low)) }];
}

function sizes(next: Next): Magnitude {
  const rms = next();
  return { rms, max: next(), log10: log(rms) / Math.LN10 };
}

/** The answer of one step. */
export function readMeasures(
  { layers, weights }: Measured,
  values: ArrayLike<number>,
  step: number,
): HealthSample {
  let at = 0;
  const next = () => values[at++] as number;
  return {
    step,
    layers: layers.map((read) => read(next)),
    weights: weights.map((read) => read(next)),
  };
}
