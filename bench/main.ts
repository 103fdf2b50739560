import { writeFileSync } from 'node:fs';
import { OptionError } from '../src/runtime/errors.ts';
import { bench, type Report } from './bench.ts';
import { artifacts } from './contestants/artifacts.ts';
import { loops } from './contestants/loops.ts';
import { node as bare } from './contestants/node.ts';
import { plain } from './contestants/plain.ts';
import { wasmgrad, wasmgradSync } from './contestants/wasmgrad.ts';
import { Engines } from './engines.ts';
import { formatVerdicts, judge, type Verdict } from './goals.ts';
import { type Curve, growth } from './growth.ts';
import { machine } from './machine.ts';
import { chooseCases, type Options, parseOptions, usage } from './options.ts';
import { page } from './page.ts';
import { peers } from './peers/index.ts';
import { installPeers } from './peers/load.ts';
import { endPeers } from './peers/process.ts';
import { formatCores, formatMissing } from './report.ts';
import { CURVES } from './suites/growth.ts';
import { SUITES } from './suites/index.ts';
import { checkTree, trees } from './trees/index.ts';
import { formatRatios } from './trees/ratios.ts';
import type { Case, Contestant } from './types.ts';

const NAMES = SUITES.map((s) => s.name);
/** A curve has many points, which need less time each. */
const POINT_SHARE = 0.2;

/** What is known so far, on disk at any time. */
class Results {
  readonly #options: Options;
  readonly #started = performance.now();
  #report: Report | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  keep(report: Report): void {
    this.#report = report;
    const { json, html } = this.#options;
    const all = { ...report, goals: this.goals };
    if (json) writeFileSync(json, `${JSON.stringify(all, null, 1)}\n`);
    if (html) writeFileSync(html, page(all));
  }

  get #minutes(): number {
    return (performance.now() - this.#started) / 60_000;
  }

  get goals(): readonly Verdict[] {
    return judge(this.#report?.rows ?? []);
  }

  print(): void {
    const { machine: host, rows = [], missing = [], minutes = {} } = this.#report ?? {};
    if (missing.length) console.log(`\nWhat could not run\n${formatMissing(missing)}`);
    const { against } = this.#options;
    if (against) console.log(`\nTimes divided by those of ${against}\n${formatRatios(rows)}`);
    console.log(formatVerdicts(this.goals));
    const most = Math.max(...this.#options.threads);
    const suites = Object.entries(minutes).map(([name, m]) => `${name} ${m.toFixed(1)}`);
    console.log(`\ntook ${this.#minutes.toFixed(1)} min: ${suites.join(', ')}`);
    if (host?.coresGave) console.log(`${formatCores(most, host.coresGave)} of one in this run`);
  }
}

/** Who takes part. Beside another checkout this one runs in processes too. */
function contestantsFor({ peers: all, against, builds }: Options, engines: Engines): Contestant[] {
  const ours = against ? trees(checkTree(against, builds)) : [wasmgrad(engines)];
  const own = [...ours, artifacts, wasmgradSync(engines), plain, loops, bare];
  return all ? [...own, ...peers] : own;
}

async function run(options: Options, cases: readonly Case[], results: Results): Promise<Report> {
  const engines = new Engines();
  try {
    const contestants = contestantsFor(options, engines);
    const keep = (report: Report) => results.keep(report);
    const print = console.log;
    const found = await bench(cases, { contestants, engines, options, print, keep });
    const timed = { ...found, ...(options.against ? { against: options.against } : {}) };
    keep(timed);
    endPeers();
    if (!options.suites.includes('growth')) return timed;
    const curves: Curve[] = [];
    const seconds = options.seconds * POINT_SHARE;
    const more = { ...options, seconds };
    const started = performance.now();
    const grown = (): Report => {
      const minutes = { ...timed.minutes, growth: (performance.now() - started) / 60_000 };
      return { ...timed, minutes, curves };
    };
    for await (const curve of growth(wasmgrad(engines), machine().cores, more, print)) {
      curves.push(curve);
      keep(grown());
    }
    return grown();
  } finally {
    await engines.dispose();
  }
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, NAMES);
  const cases = chooseCases(options, SUITES, options.suites.includes('growth') ? CURVES : []);
  const { cpu, cores, node, v8, os } = machine();
  console.log(`${cpu}, ${cores} cores · Node ${node}, V8 ${v8} · ${os}`);
  if (options.peers) installPeers(console.log);
  const results = new Results(options);
  const end = () => {
    results.print();
    endPeers();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      console.log(`\nended by ${signal}; what there is:`);
      end();
      process.exit(130);
    });
  }
  const { missing } = await run(options, cases, results);
  if (missing.some((m) => m.wrong && m.contestant === 'wasmgrad')) process.exitCode = 1;
  end();
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  endPeers();
  if (!(error instanceof OptionError)) throw error;
  console.error(`${error.message}\n\n${usage(NAMES)}`);
  process.exitCode = 1;
}
