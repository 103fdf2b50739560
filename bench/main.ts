import { writeFileSync } from 'node:fs';
import { OptionError } from '../src/runtime/errors.ts';
import { bench, type Report } from './bench.ts';
import { artifacts } from './contestants/artifacts.ts';
import { loops } from './contestants/loops.ts';
import { node as bare } from './contestants/node.ts';
import { plain } from './contestants/plain.ts';
import { wasmgrad, wasmgradSync } from './contestants/wasmgrad.ts';
import { Engines } from './engines.ts';
import { growth } from './growth.ts';
import { machine } from './machine.ts';
import { chooseCases, parseOptions, usage } from './options.ts';

import { page } from './page.ts';
import { peers } from './peers/index.ts';
import { installPeers } from './peers/load.ts';
import { CURVES } from './suites/growth.ts';

import { SUITES } from './suites/index.ts';

const NAMES = SUITES.map((s) => s.name);

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, NAMES);
  const cases = chooseCases(options, SUITES, options.suites.includes('growth') ? CURVES : []);
  const { cpu, cores, node, v8, os } = machine();
  console.log(`${cpu}, ${cores} cores · Node ${node}, V8 ${v8} · ${os}`);
  const engines = new Engines();
  try {
    if (options.peers) installPeers(console.log);
    const ours = wasmgrad(engines);
    const own = [ours, artifacts, wasmgradSync(engines), plain, loops, bare];
    const contestants = options.peers ? [...own, ...peers] : own;
    const timed = await bench(cases, contestants, engines, options, console.log);
    const seconds = options.seconds / 5;
    const report: Report = options.suites.includes('growth')
      ? { ...timed, curves: await growth(ours, cores, { ...options, seconds }, console.log) }
      : timed;
    if (report.missing.some((m) => m.wrong && m.contestant === 'wasmgrad')) process.exitCode = 1;
    if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
    if (options.html) writeFileSync(options.html, page(report));
  } finally {
    await engines.dispose();
  }
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof OptionError)) throw error;
  console.error(`${error.message}\n\n${usage(NAMES)}`);
  process.exitCode = 1;
}
