import { writeFileSync } from 'node:fs';
import { OptionError, unknownName } from '../src/runtime/errors.ts';
import { bench, type Report } from './bench.ts';
import { loops } from './contestants/loops.ts';
import { node as bare } from './contestants/node.ts';
import { plain } from './contestants/plain.ts';
import { wasmgrad, wasmgradSync } from './contestants/wasmgrad.ts';
import { Engines } from './engines.ts';
import { formatVerdicts, judge, type Verdict } from './goals.ts';
import { type Curve, growth } from './growth.ts';
import { machine } from './machine.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { page } from './page.ts';
import { peers } from './peers/index.ts';
import { installPeers } from './peers/load.ts';
import { endPeers } from './peers/process.ts';
import { formatCores, formatMissing } from './report.ts';
import { CURVES } from './suites/growth.ts';
import { SUITES } from './suites/index.ts';
import type { Case } from './types.ts';

const NAMES = SUITES.map((s) => s.name);
/** A curve has many points, which need less time each. */
const POINT_SHARE = 0.2;

function chooseCases({ suites, filter }: Options): Case[] {
  const cases = SUITES.filter((s) => suites.includes(s.name)).flatMap((s) => s.cases);
  if (filter.length === 0) return cases;
  const known = [...cases.map((c) => c.name), ...(suites.includes('growth') ? CURVES : [])];
  for (const part of filter) {
    if (known.some((name) => name.includes(part))) continue;
    unknownName(
      'case',
      part,
      known.map((name) => name.split('/')[1] as string),
    );
  }
  return cases.filter((c) => filter.some((part) => c.name.includes(part)));
}

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
    const { machine: host, missing = [], minutes = {} } = this.#report ?? {};
    if (missing.length) console.log(`\nWhat could not run\n${formatMissing(missing)}`);
    console.log(formatVerdicts(this.goals));
    const most = Math.max(...this.#options.threads);
    const suites = Object.entries(minutes).map(([name, m]) => `${name} ${m.toFixed(1)}`);
    console.log(`\ntook ${this.#minutes.toFixed(1)} min: ${suites.join(', ')}`);
    if (host?.coresGave) console.log(`${formatCores(most, host.coresGave)} of one in this run`);
  }
}

async function run(options: Options, results: Results): Promise<Report> {
  const engines = new Engines();
  try {
    const ours = wasmgrad(engines);
    const own = [ours, wasmgradSync(engines), plain, loops, bare];
    const contestants = options.peers ? [...own, ...peers] : own;
    const keep = (report: Report) => results.keep(report);
    const print = console.log;
    const timed = await bench(chooseCases(options), { contestants, engines, options, print, keep });
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
    for await (const curve of growth(ours, machine().cores, more, print)) {
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
  chooseCases(options);
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
  const { missing } = await run(options, results);
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
