import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { install, NO_REGISTRY, pack, run, temporary } from './support.ts';

const folder = temporary('runtimes');
let app: string | undefined;

beforeAll(() => {
  app = install('runtimes', pack(folder).tarball, folder);
}, 300_000);

/** As docs/support.md lists them. Deno without permissions. */
const RUNTIMES: Readonly<Record<string, readonly string[]>> = {
  'Node 22.13': ['node22/bin/node'],
  'Node 26': ['node26/bin/node'],
  Deno: ['.bin/deno', 'run', '--no-prompt', '--node-modules-dir=manual'],
  Bun: ['.bin/bun', 'run'],
};

test.for(Object.entries(RUNTIMES))('%s trains on threads', ([, [program, ...args]], { skip }) => {
  const copy = app ?? skip(NO_REGISTRY);
  const printed = run(join(copy, 'node_modules', program as string), [...args, 'run.js'], copy);
  expect(JSON.parse(printed)).toMatchObject({
    answers: [0, 1, 1, 0],
    rows: [['x "y"', '2']],
    error: 'ShapeError',
    info: { kind: 'team', sharedMemory: true },
  });
});
