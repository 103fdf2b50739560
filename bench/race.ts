import { absent, agreeing, type Entrant, enter } from './entrants.ts';
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
  readonly #missing: Missing[];

  private constructor(
    c: Case,
    entrants: readonly Entrant[],
    probes: Probes,
    measurement: Measurement,
    ms: number,
    missing: Missing[],
  ) {
    this.#case = c;
    this.#entrants = entrants;
    this.#probes = probes;
    this.#measurement = measurement;
    this.#ms = ms;
    this.#missing = missing;
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
      const entries = c.samples ? entrants.map(({ runner }) => ({ runner })) : entrants;
      const beside = limits.map(({ runner }) => ({ runner, aside: true }));
      const measurement = await Measurement.prepare([...entries, ...beside], ms);
      return new Race(c, entrants, probes, measurement, ms, missing);
    } catch (error) {
      dispose(entrants, probes);
      throw error;
    }
  }

  /** Goes on until each has had this share of its time. */
  run(share = 1): Promise<void> {
    return this.#measurement.until(share * this.#ms, share * (this.#case.samples ?? 3));
  }

  /** Who failed on the way goes to `missing`. */
  rows(): Row[] {
    const { measured } = this.#measurement;
    const samples = measured.map((m) => m.samples);
    const rates = this.#probes.add(this.#case, samples.slice(this.#entrants.length));
    return this.#entrants.flatMap((e, i): Row[] => {
      const { error } = measured[i] ?? {};
      if (error) this.#missing.push(absent(this.#case, e, error));
      return error ? [] : [makeRow(this.#case, e, samples[i] as Samples, rates)];
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
