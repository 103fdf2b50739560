import type { HealthSample, LayerHealth, Magnitude } from './health.ts';
import type { Setup } from './setup.ts';

/** One thing that is wrong: `key` is the same when it is found again. */
export interface Finding {
  readonly key: string;
  readonly text: string;
}

/** Powers of ten by which signals may shrink or grow from the first to the last layer. */
const DECADES = 4;
/** Shares of saturated outputs, of a model's outputs that are sure and wrong, and of dead units. */
const SATURATED = 0.5;
const WRONG = 0.2;
const DEAD = 0.4;
/** Norms of updates by norms of weights, of which 0.001 is usual (Karpathy: CS231n, 2016): their median. */
const FAST = 0.1;
const SLOW = 1e-6;

/** What is wrong in a sample, in words; what the network has already is not advised. */
export function findings(sample: HealthSample, setup: Setup): Finding[] {
  return [
    ...signal('activations', sample.layers, (l) => l.activation, 'last', setup),
    ...signal('gradients', sample.layers, (l) => l.gradient, 'first', setup),
    ...sample.layers.flatMap((layer) => units(layer, setup)),
    ...rates(sample),
  ];
}

/** `a`, `a or b`, `a, b or c`, of those that are not left out. */
function oneOf(...things: readonly (string | false | undefined)[]): string {
  const known = things.filter((thing) => thing);
  return [known.slice(0, -1).join(', '), known.at(-1)].filter(Boolean).join(' or ');
}

/** Compares where the signal arrives with where it starts: activations run to the last layer, gradients to the first. */
function signal(
  what: string,
  layers: readonly LayerHealth[],
  of: (l: LayerHealth) => Magnitude | undefined,
  to: 'first' | 'last',
  { start: weights, normalised }: Setup,
): Finding[] {
  const known = layers.flatMap((l) => {
    const size = of(l);
    return size ? [{ layer: l.layer, size }] : [];
  });
  const path = to === 'last' ? known : known.toReversed();
  const [start, ...rest] = path;
  const end = rest.at(-1);
  if (!start || !end) return [];
  const broken = path.find((p) => !Number.isFinite(p.size.rms));
  if (broken)
    return [{ key: `${what} explode`, text: `${what} explode: not finite at ${broken.layer}` }];
  if (start.size.rms === 0) return [];
  const decades = end.size.log10 - start.size.log10;
  if (Math.abs(decades) <= DECADES) return [];
  const how = decades > 0 ? 'explode' : 'vanish';
  const sizes = `${start.size.rms.toExponential(1)} at ${start.layer}, ${end.size.rms.toExponential(1)} at ${end.layer}`;
  const cure = oneOf(weights, !normalised && 'normalisation', 'fewer layers');
  return [{ key: `${what} ${how}`, text: `${what} ${how}: ${sizes}; try ${cure}` }];
}

const percent = (x: number) => `${Math.round(100 * x)} %`;

function units(
  { layer, saturated = 0, wrong = 0, dead = 0 }: LayerHealth,
  { start, normalised }: Setup,
): Finding[] {
  const found: Finding[] = [];
  const calmer = oneOf(start, !normalised && 'normalised inputs', 'a lower learning rate');
  if (saturated > SATURATED) {
    const text = `${layer} saturates: ${percent(saturated)} of its outputs are at the ends of their range; try ${calmer}`;
    found.push({ key: `${layer} saturates`, text });
  }
  if (wrong > WRONG) {
    const text = `${layer} saturates: ${percent(wrong)} of its outputs are sure and wrong; try ${calmer}`;
    found.push({ key: `${layer} wrong`, text });
  }
  if (dead > DEAD) {
    const cure = oneOf('a lower learning rate', start, 'leakyRelu');
    const text = `${layer} has dead relu units: ${percent(dead)} give 0 for the whole batch; try ${cure}`;
    found.push({ key: `${layer} dead`, text });
  }
  return found;
}

function rates({ weights }: HealthSample): Finding[] {
  const ratios = weights.flatMap((w) => (w.matrix && Number.isFinite(w.ratio) ? [w.ratio] : []));
  if (ratios.length === 0) return [];
  const median = ratios.sort((a, b) => a - b)[Math.floor(ratios.length / 2)] as number;
  const size = `updates are ${median.toExponential(1)} of the weights, about 1e-3 is usual`;
  if (median > FAST) return [{ key: 'fast', text: `the learning rate is too high: ${size}` }];
  if (median < SLOW) return [{ key: 'slow', text: `the learning rate is too low: ${size}` }];
  return [];
}
