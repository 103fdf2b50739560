import { plain } from '../contestants/plain.ts';
import { wasmgrad, wasmgradSync } from '../contestants/wasmgrad.ts';
import type { Engines } from '../engines.ts';
import { makeRow, Probes } from '../probes.ts';
import { Race } from '../race.ts';
import { TIMED } from '../suites/timed.ts';
import type { Case, Contestant, Missing, Row, Wanted } from '../types.ts';

export interface Settings extends Wanted {
  readonly seconds: number;
}

/** The benchmark in portions, one case at a time: the same in Node and in a page, which take turns. */
export class Session {
  readonly #engines: Engines;
  readonly #contestants: readonly Contestant[];
  readonly #settings: Settings;
  readonly #probes: Probes;
  #race: Race | undefined;

  constructor(engines: Engines, settings: Settings, others: readonly Contestant[] = []) {
    this.#engines = engines;
    this.#contestants = [wasmgrad(engines), wasmgradSync(engines), plain, ...others];
    this.#settings = settings;
    this.#probes = new Probes(engines);
  }

  /** Opens a case by name and warms up; returns who cannot take part. */
  async open(name: string): Promise<Missing[]> {
    const c = TIMED.flatMap((s) => s.cases).find((known) => known.name === name) as Case;
    const missing: Missing[] = [];
    const ms = this.#settings.seconds * 1000;
    this.#race = await Race.open(c, this.#contestants, this.#probes, this.#settings, ms, missing);
    return missing;
  }

  /** Goes on until each has had this share of its time. */
  async run(share: number): Promise<void> {
    await this.#race?.run(share);
  }

  /** What was measured; the case is closed. */
  close(): Row[] {
    const rows = this.#race?.rows() ?? [];
    this.#race?.close();
    this.#race = undefined;
    return rows;
  }

  /** The peaks of the whole run. */
  async end(): Promise<Row[]> {
    const rows = this.#probes
      .peaks()
      .map(({ c, variant, samples }) =>
        makeRow(c, { contestant: 'wasmgrad', ...variant }, samples),
      );
    await this.#engines.dispose();
    return rows;
  }
}
