/** An element of the gradient: by backpropagation, and by differences. */
export interface Pair {
  readonly gradient: number;
  readonly difference: number;
}

export interface Norms {
  readonly gradient: number;
  readonly difference: number;
  /** ‖d − g‖ */
  readonly error: number;
}

export function normsOf(pairs: readonly Pair[]): Norms {
  const norm = (part: (pair: Pair) => number) =>
    Math.sqrt(pairs.reduce((sum, pair) => sum + part(pair) * part(pair), 0));
  return {
    gradient: norm((p) => p.gradient),
    difference: norm((p) => p.difference),
    error: norm((p) => p.difference - p.gradient),
  };
}

/** error/(‖d‖ + ‖g‖) */
export function ratioOf(error: number, { gradient, difference }: Norms): number {
  return error === 0 ? 0 : error / (gradient + difference);
}
