import { parseArgs } from 'node:util';
import { BUILDS, type BuildName } from '../src/runtime/engine.ts';
import { OptionError, unknownName } from '../src/runtime/errors.ts';
import type { Case, Suite, Wanted } from './types.ts';

export interface Options extends Wanted {
  readonly suites: readonly string[];
  /** Parts of names; a case runs when its name contains one of them. None: all run. */
  readonly filter: readonly string[];
  /** Time for each contestant in each case, warm-up excluded. */
  readonly seconds: number;
  /** File for the report. */
  readonly json: string | undefined;
  /** File for the page, default beside the report. */
  readonly html: string | undefined;
  /** Compare with the packages of bench/peers, PyTorch and NumPy. */
  readonly peers: boolean;
  /** Compare with the library of another checkout: its folder. */
  readonly against: string | undefined;
}

const DEFAULTS = {
  suite: 'all',
  threads: '1,2',
  build: 'simd,relaxed,turbo',
  seconds: '0.3',
  filter: '',
  json: '',
  html: '',
  peers: '',
  against: '',
};

/** Options without a value. */
const FLAGS = ['peers'];

export const usage = (suites: readonly string[]) => `npm run bench -- [options]
  --suite gemm,train      suites, default all: ${suites.join(', ')}
  --filter 512,mlp        only cases whose names contain one of these
  --threads 1,2           numbers of threads, default ${DEFAULTS.threads}
  --build simd,relaxed    builds, default ${DEFAULTS.build}; also f64
  --seconds 0.3           time for each contestant in each case
  --json FILE             write the report to FILE
  --html FILE             write it as a page, default beside the JSON
  --peers                 with other libraries, installed in bench/peers
  --against DIR           with the library of another checkout, in turns with this one`;

/** Reads the command line. Throws `OptionError`, naming what is near, for what it does not know. */
export function parseOptions(args: readonly string[], suites: readonly string[]): Options {
  const given = readArgs(args);
  const list = (key: keyof typeof DEFAULTS) => given[key].split(',').filter(Boolean);
  const chosen = given.suite === 'all' ? [...suites] : list('suite');
  for (const name of chosen) if (!suites.includes(name)) unknownName('suite', name, suites);
  for (const name of list('build')) {
    if (!(BUILDS as readonly string[]).includes(name)) unknownName('build', name, BUILDS);
  }
  return {
    suites: chosen,
    filter: list('filter'),
    builds: list('build') as BuildName[],
    threads: list('threads').map((n) => positive('threads', n, Number.isInteger)),
    seconds: positive('seconds', given.seconds, Number.isFinite),
    json: given.json || undefined,
    html: given.html || (given.json && `${given.json.replace(/\.json$/, '')}.html`) || undefined,
    peers: given.peers !== '',
    against: given.against || undefined,
  };
}

/** The cases of the chosen suites that pass the filter, whose parts may also mean one of `others`. */
export function chooseCases(
  { suites, filter }: Pick<Options, 'suites' | 'filter'>,
  all: readonly Suite[],
  others: readonly string[] = [],
): Case[] {
  const cases = all.filter((s) => suites.includes(s.name)).flatMap((s) => s.cases);
  if (filter.length === 0) return cases;
  const known = [...cases.map((c) => c.name), ...others];
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

function readArgs(args: readonly string[]): typeof DEFAULTS {
  const known = Object.keys(DEFAULTS);
  const typeOf = (key: string) => (FLAGS.includes(key) ? 'boolean' : 'string');
  const options = Object.fromEntries(known.map((key) => [key, { type: typeOf(key) } as const]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const given: Record<string, string> = { ...DEFAULTS };
  for (const token of tokens) {
    if (token.kind === 'option-terminator') continue;
    if (token.kind === 'positional') throw new OptionError(`"${token.value}" is no option`);
    if (!known.includes(token.name)) unknownName('option', token.name, known);
    const flag = FLAGS.includes(token.name);
    if (flag && token.value !== undefined) throw new OptionError(`--${token.name} has no value`);
    if (!flag && token.value === undefined) throw new OptionError(`--${token.name} needs a value`);
    given[token.name] = token.value ?? 'yes';
  }
  return given as typeof DEFAULTS;
}

function positive(what: string, text: string, fits: (n: number) => boolean): number {
  const n = Number(text);
  if (fits(n) && n > 0) return n;
  throw new OptionError(`${what} is ${text}, expected a positive number`);
}
