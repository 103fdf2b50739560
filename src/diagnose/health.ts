import type { NotFinite } from '../compile/notFinite.ts';
import { checkOptions } from '../runtime/errors.ts';
import type { Callback } from '../train/callbacks.ts';
import { checkWhole } from '../train/options.ts';
import type { StepView } from '../train/probe.ts';
import type { Measured } from './measure.ts';

/** Size of a signal: the root of its mean square, the largest magnitude, and the decimal logarithm of the former. */
export interface Magnitude {
  readonly rms: number;
  readonly max: number;
  readonly log10: number;
}

/** What a layer gave in one step. */
export interface LayerHealth {
  readonly layer: string;
  readonly activation: Magnitude;
  /** Of the loss by the activation; missing where no weights lie before. */
  readonly gradient?: Magnitude;
  /**
   * Share of the outputs close to the end of what the activation can give: |tanh| > 0.97, sigmoid outside [0.03, 0.97]. Not of
   * the model's outputs, which may be sure.
   */
  readonly saturated?: number;
  /** Of a model's output instead: the share that is close to the wrong end. */
  readonly wrong?: number;
  /** Share of the units that are 0 for the whole batch, of relu. */
  readonly dead?: number;
}

/** What happened to a weight in one step. */
export interface WeightHealth {
  readonly name: string;
  readonly weight: Magnitude;
  readonly gradient: Magnitude;
  readonly update: Magnitude;
  /** Norm of the update by norm of the weight before it; NaN where both are 0. About 0.001 is usual. */
  readonly ratio: number;
  /** Vectors such as biases, which start at 0, are left out of warnings. */
  readonly matrix: boolean;
}

export interface HealthSample {
  /** Batches of this `fit` before. */
  readonly step: number;
  readonly layers: readonly LayerHealth[];
  readonly weights: readonly WeightHealth[];
}

export interface HealthOptions {
  /** Updates from one that is measured to the next, default 20. */
  readonly every?: number;
  /** Is told each warning once. */
  readonly onWarning?: (warning: string) => void;
  /** Samples that are kept, default 1000: from then on every other one is dropped. */
  readonly limit?: number;
}

/** A callback that measures signals and updates; what it found stays until the next `fit`. */
export interface HealthMonitor extends Callback {
  readonly samples: readonly HealthSample[];
  readonly warnings: readonly string[];
  /** Where the first loss that is not finite came from. */
  readonly notFinite: NotFinite | null;
  /** The last sample as a table, and the warnings. */
  toString(): string;
}

/**
 * Watches the health of a training: sizes of activations and gradients by layer, saturated and dead units, updates relative
 * to weights, and where the first NaN comes from. Give it to `fit` among the callbacks. Only every n-th update is measured,
 * by kernels; results of the training stay the same to the bit. Thresholds of the warnings: see `warnings.ts`.
 *
 * @example
 * const health = healthMonitor();
 * await net.fit(x, y, { callbacks: [health] });
 * console.log(String(health));
 */
export function healthMonitor(options: HealthOptions = {}): HealthMonitor {
  checkOptions('healthMonitor', options, ['every', 'limit', 'onWarning']);
  const { every = 20, limit = 1000, onWarning } = options;
  checkWhole('healthMonitor: every', every, 1);
  checkWhole('healthMonitor: limit', limit, 2);
  let parts: typeof import('./monitoring.ts');
  let plan: Measured;
  let samples: HealthSample[] = [];
  let warnings: string[] = [];
  let notFinite: NotFinite | null = null;
  const known = new Set<string>();
  const warn = (key: string, text: string) => {
    if (known.has(key)) return;
    known.add(key);
    warnings.push(text);
    onWarning?.(text);
  };
  return {
    get samples() {
      return samples;
    },
    get warnings() {
      return warnings;
    },
    get notFinite() {
      return notFinite;
    },
    async onTrainBegin() {
      parts = await import('./monitoring.ts');
      [samples, warnings, notFinite] = [[], [], null];
      known.clear();
    },
    onNotFinite(step, origin) {
      notFinite = origin;
      const where = origin ? `: ${parts.describeNotFinite(origin)}` : '';
      warn('loss', `step ${step}: loss or gradients are not finite${where}`);
    },
    probe: {
      every,
      watch(step: StepView) {
        plan = parts.watchStep(step);
        return plan.tensors;
      },
      onProbe(values, step) {
        const sample = parts.readMeasures(plan, values, step);
        samples.push(sample);
        if (samples.length > limit) samples = samples.filter((_, i) => i % 2 === 0);
        for (const { key, text } of parts.findings(sample, plan.setup))
          warn(key, `step ${step}: ${text}`);
      },
    },
    toString() {
      const last = samples.at(-1);
      return last ? parts.healthText(last, warnings) : 'nothing was measured yet';
    },
  };
}
