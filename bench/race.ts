import { agreeing, type Entrant, enter } from './entrants.ts';
import { Measurement, type Samples } from './measure.ts';
import { makeRow, type Probes } from './probes.ts';
import type { Case, Contestant, Missing, Row, Wanted } from './types.ts';

/** A case with those who agree on its results, timed in turns with what limits them, in as many portions as one likes. */
export class Race {
  readonly #case: Case;
  readonly #entrants: readonly Entrant[];
  readonly #probes: Probes;
  readonly #measurement: Measurement;
  readonly #ms: number;

  private constructor(
    c: Case,
    entrants: readonly Entrant[],
    probes: Probes,
    measurement: Measurement,
    ms: number,
  ) {
    this.#case = c;
    this.#entrants = entrants;
    this.#probes = probes;
    this.#measurement = measurement;
    this.#ms = ms;
  }

  /** Opens the case, compares results and warms up; who cannot run or disagrees goes to `missing`. `ms`: time for each. */
  static async open(
    c: Case,
    contestants: readonly Contestant[],
    probes: Probes,
    wanted: Wanted,
    ms: number,
    missing: Missing[],
  ): Promise<Race> {
    const entrants = await agreeing(c, await enter(c, contestants, wanted, missing), missing);
    try {
      const limits = await probes.open(c, entrants);
      const runners = [...entrants, ...limits].map((e) => e.runner);
      return new Race(c, entrants, probes, await Measurement.prepare(runners, ms), ms);
    } catch (error) {
      dispose(entrants, probes);
      throw error;
    }
  }

  /** Goes on until each has had this share of its time. */
  run(share = 1): Promise<void> {
    return this.#measurement.until(share * this.#ms, share * (this.#case.samples ?? 3));
  }

  rows(): Row[] {
    const { samples } = this.#measurement;
    const rates = this.#probes.add(this.#case, samples.slice(this.#entrants.length));
    return this.#entrants.map((e, i) => {
      const row = makeRow(this.#case, e, samples[i] as Samples, rates);
      return e.runner.note ? { ...row, note: e.runner.note } : row;
    });
  }

  close(): void {
    dispose(this.#entrants, this.#probes);
  }
}

function dispose(entrants: readonly Entrant[], probes: Probes): void {
  for (const { runner } of entrants) runner.dispose?.();
  probes.close();
}
