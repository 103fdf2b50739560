import { writeFileSync } from 'node:fs';
import { OptionError, unknownName } from '../src/runtime/errors.ts';
import { bench } from './bench.ts';
import { loops } from './contestants/loops.ts';
import { node as bare } from './contestants/node.ts';
import { plain } from './contestants/plain.ts';
import { wasmgrad, wasmgradSync } from './contestants/wasmgrad.ts';
import { Engines } from './engines.ts';
import { machine } from './machine.ts';
import { type Options, parseOptions, usage } from './options.ts';
import { SUITES } from './suites/index.ts';
import type { Case } from './types.ts';

const NAMES = SUITES.map((s) => s.name);

function chooseCases({ suites, filter }: Options): Case[] {
  const cases = SUITES.filter((s) => suites.includes(s.name)).flatMap((s) => s.cases);
  if (filter.length === 0) return cases;
  const names = cases.map((c) => c.name.split('/')[1] as string);
  for (const part of filter) {
    if (!cases.some((c) => c.name.includes(part))) unknownName('case', part, names);
  }
  return cases.filter((c) => filter.some((part) => c.name.includes(part)));
}

async function main(args: readonly string[]): Promise<void> {
  const options = parseOptions(args, NAMES);
  const cases = chooseCases(options);
  const { cpu, cores, node, v8, os } = machine();
  console.log(`${cpu}, ${cores} cores · Node ${node}, V8 ${v8} · ${os}`);
  const engines = new Engines();
  try {
    const contestants = [wasmgrad(engines), wasmgradSync(engines), plain, loops, bare];
    const report = await bench(cases, contestants, engines, options, console.log);
    if (report.missing.some((m) => m.wrong && m.contestant === 'wasmgrad')) process.exitCode = 1;
    if (options.json) writeFileSync(options.json, `${JSON.stringify(report, null, 1)}\n`);
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
