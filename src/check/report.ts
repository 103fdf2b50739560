import type { Shape } from '../graph/shape.ts';
import { formatTable } from '../train/inspect.ts';
import { normsOf, type Pair, ratioOf } from './norms.ts';

/** `great`: at most 1e-7; `look` at the worst entries; `worry`: 1e-3 or more, most likely a mistake; `zero`: no gradient. */
export type CheckVerdict = 'great' | 'look' | 'worry';

/** One element of a parameter: what backpropagation says, and what two-sided differences say. */
export interface CheckedEntry extends Pair {
  readonly index: readonly number[];
}

export interface ParameterCheck {
  readonly name: string;
  readonly shape: Shape;
  /** ‖d − g‖/(‖d‖ + ‖g‖) over its checked entries; 0 where both are `zero`. */
  readonly ratio: number;
  /** `zero`: both norms are below 1e-9, as of a bias in front of batch normalisation. */
  readonly verdict: CheckVerdict | 'zero';
  /** ‖g‖ and ‖d‖. */
  readonly gradientNorm: number;
  readonly differenceNorm: number;
  readonly checked: number;
  readonly size: number;
  /** Those that differ most. */
  readonly worst: readonly CheckedEntry[];
  /** Not counted: the loss bends within ±ε (a relu or maximum changes branch), and the gradient is its slope on one side, or closer by. */
  readonly branches: readonly CheckedEntry[];
}

export interface GradCheck {
  /** ‖d − g‖/(‖d‖ + ‖g‖) over all checked entries: g by backpropagation, d by differences. */
  readonly ratio: number;
  /**
   * That of the ratio beyond the rounding of the loss; `worry` also where a single parameter says so, `look` where rounding
   * hides an error of 1e-5.
   */
  readonly verdict: CheckVerdict;
  /** What rounding of the loss alone may make of the ratio; it grows as ε shrinks. */
  readonly rounding: number;
  /** Ratio below 1e-5, and no worry. */
  readonly passed: boolean;
  readonly epsilon: number;
  readonly loss: number;
  /** Entries checked, of how many. */
  readonly checked: number;
  readonly size: number;
  readonly parameters: readonly ParameterCheck[];
  toString(): string;
}

export interface ParameterEntries {
  readonly name: string;
  readonly shape: Shape;
  readonly size: number;
  readonly entries: readonly (Pair & { readonly i: number; readonly branch: boolean })[];
}

const GREAT = 1e-7;
const PASSED = 1e-5;
const WORRY = 1e-3;
const ZERO = 1e-9;
const WORST = 3;

function verdictOf(ratio: number): CheckVerdict {
  if (ratio <= GREAT) return 'great';
  return ratio < WORRY ? 'look' : 'worry';
}

function errorOf({ gradient, difference }: Pair): number {
  const error = Math.abs(difference - gradient);
  return Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
}

function indexOf(i: number, shape: Shape): number[] {
  const index: number[] = [];
  for (let rest = i, d = shape.length - 1; d >= 0; d--) {
    const n = shape[d] as number;
    index.unshift(rest % n);
    rest = Math.floor(rest / n);
  }
  return index;
}

/** Norms, and the ratio with what it is beyond rounding; `rounding`: what rounding of the loss does to one difference. */
function compare(pairs: readonly Pair[], rounding: number) {
  const norms = normsOf(pairs);
  const noise = rounding * Math.sqrt(pairs.length);
  const ratio = ratioOf(norms.error, norms);
  return { norms, noise, ratio, beyond: ratioOf(Math.max(0, norms.error - noise), norms) };
}

function checkParameter({ name, shape, size, entries }: ParameterEntries, rounding: number) {
  const all = entries.map(({ i, gradient, difference, branch }) => ({
    entry: { index: indexOf(i, shape), gradient, difference },
    branch,
  }));
  const counted = all.filter((e) => !e.branch).map((e) => e.entry);
  const { norms, noise, ratio, beyond } = compare(counted, rounding);
  const zero = Math.max(norms.gradient, norms.difference) < Math.max(ZERO, noise);
  const check: ParameterCheck = {
    name,
    shape,
    ratio: zero ? 0 : ratio,
    verdict: zero ? 'zero' : verdictOf(beyond),
    gradientNorm: norms.gradient,
    differenceNorm: norms.difference,
    checked: entries.length,
    size,
    worst: counted.toSorted((a, b) => errorOf(b) - errorOf(a)).slice(0, WORST),
    branches: all.filter((e) => e.branch).map((e) => e.entry),
  };
  return { check, counted };
}

/** Where every parameter is great, so is the whole: the norms of both sides of the triangle inequality add up. */
function overall(counted: readonly Pair[], rounding: number, worried: boolean) {
  const { norms, noise, ratio, beyond } = compare(counted, rounding);
  const share = noise === 0 ? 0 : noise / (norms.gradient + norms.difference);
  const found = verdictOf(beyond);
  const hidden = found === 'great' && share > PASSED;
  const verdict: CheckVerdict = worried ? 'worry' : hidden ? 'look' : found;
  return { ratio, verdict, rounding: share, passed: ratio < PASSED && !worried };
}

/** The result from what was measured; `rounding`: what rounding of the loss does to one difference. */
export function report({
  parameters,
  loss,
  epsilon,
  rounding,
}: {
  readonly parameters: readonly ParameterEntries[];
  readonly loss: number;
  readonly epsilon: number;
  readonly rounding: number;
}): GradCheck {
  const found = parameters.map((p) => checkParameter(p, rounding));
  const counted = found.flatMap(({ check, counted: list }) =>
    check.verdict === 'zero' ? [] : list,
  );
  const worried = found.some(({ check }) => check.verdict === 'worry');
  const result = {
    ...overall(counted, rounding, worried),
    epsilon,
    loss,
    checked: parameters.reduce((sum, p) => sum + p.entries.length, 0),
    size: parameters.reduce((sum, p) => sum + p.size, 0),
    parameters: found.map(({ check }) => check),
  };
  return { ...result, toString: () => text(result) };
}

const WORDS: Record<CheckVerdict, string> = {
  great: 'great: backpropagation and differences agree',
  look: 'look at the entries that differ most',
  worry: 'worry: backpropagation is wrong, most likely',
};

const digits = (x: number, n = 2) => x.toExponential(n);

function text(check: Omit<GradCheck, 'toString'>): string {
  const { ratio, verdict, epsilon, checked, size, parameters, rounding } = check;
  const rows = parameters.map((p) => [
    p.name,
    digits(p.ratio, 1),
    p.verdict,
    digits(p.gradientNorm),
    digits(p.differenceNorm),
    `${p.checked.toLocaleString('en')} of ${p.size.toLocaleString('en')}`,
    p.branches.length ? String(p.branches.length) : '–',
  ]);
  const head = ['parameter', 'ratio', 'verdict', '‖gradient‖', '‖differences‖', 'checked', 'bends'];
  const listed = disagreements(parameters);
  const hidden = `ε is too small: rounding of the loss alone may give ${digits(rounding, 1)}; 1e-5 is more accurate`;
  const words = verdict === 'look' && listed.length === 0 ? hidden : WORDS[verdict];
  return [
    formatTable(head, rows),
    ...listed,
    ...bends(parameters),
    `ratio ${digits(ratio, 1)} over ${checked.toLocaleString('en')} of ${size.toLocaleString('en')} parameters, ε ${epsilon.toExponential()}: ${words}`,
  ].join('\n');
}

function disagreements(parameters: readonly ParameterCheck[]): string[] {
  return parameters
    .filter((p) => p.verdict === 'look' || p.verdict === 'worry')
    .flatMap((p) =>
      p.worst.map(
        (e) =>
          `${p.name}[${e.index}]: gradient ${digits(e.gradient, 6)}, differences ${digits(e.difference, 6)}`,
      ),
    );
}

function bends(parameters: readonly ParameterCheck[]): string[] {
  const count = parameters.reduce((sum, p) => sum + p.branches.length, 0);
  if (count === 0) return [];
  return [
    `${count} not counted: the loss bends within ±ε (a relu or maximum takes another branch)`,
  ];
}
