import { createEngine, type EngineOptions } from '../runtime/create.ts';
import type { BuildName, RuntimeInfo } from '../runtime/engine.ts';
import { processors } from '../runtime/environment.ts';
import { LinearMemory } from '../runtime/memory.ts';
import { VERSION } from '../runtime/version.ts';
import type { Command } from './command.ts';
import { asUsage } from './failure.ts';

const MB_PER_PAGE = 1 / 16;

export const info: Command = {
  summary: 'Show what runs here: build, threads, memory, and why not more.',
  options: {
    build: {
      type: 'string',
      value: 'name',
      help: 'simd, relaxed, turbo or f64; default the fastest but turbo',
    },
    threads: { type: 'string', value: 'n', help: 'default one for each processor' },
    json: { type: 'boolean', help: 'as JSON' },
  },
  async run({ build, threads, json }) {
    const options: EngineOptions = {
      ...(build === undefined ? {} : { build: build as BuildName }),
      ...(threads === undefined ? {} : { threads: Number(threads) }),
    };
    using engine = await asUsage(() => createEngine(options));
    const facts = collect(engine.info);
    process.stdout.write(`${json ? JSON.stringify(facts, null, 2) : table(facts)}\n`);
    return undefined;
  },
};

interface Facts extends RuntimeInfo {
  readonly version: string;
  readonly processors: number;
  readonly memoryLimitMB: number;
  readonly node: string;
  readonly system: string;
}

function collect(runtime: RuntimeInfo): Facts {
  return {
    version: VERSION,
    ...runtime,
    processors: processors(),
    memoryLimitMB: new LinearMemory(runtime.sharedMemory).maximumPages * MB_PER_PAGE,
    node: process.versions.node,
    system: `${process.platform} ${process.arch}`,
  };
}

function table(facts: Facts): string {
  const { kind, threads, sharedMemory } = facts;
  const rows = [
    ['wasmgrad', facts.version],
    ['build', facts.build],
    ['engine', `${kind}, ${sharedMemory ? 'shared memory' : 'memory not shared'}`],
    ['threads', `${threads} on ${facts.processors} processors`],
    ['memory', `at most ${facts.memoryLimitMB} MB`],
    ['node', `${facts.node}, ${facts.system}`],
    ...facts.reasons.map((reason) => ['note', reason]),
  ];
  return rows.map(([name = '', value]) => `${name.padEnd(9)} ${value}`).join('\n');
}
