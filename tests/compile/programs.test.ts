import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { FOLDER, networks, programsOf } from '../../scripts/programs.ts';

const all = networks();

test('each network of the benchmark has a file, and each file a network', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([...all.keys()].map((name) => `${name}.txt`).sort());
});

/** Where they change on purpose, `npm run golden:programs` writes them anew. */
test.each([...all])(
  '%s: the programs are those of tests/golden/programs',
  async (name, { task }) => {
    const text = await programsOf(task());
    expect(text).toBe(readFileSync(`${FOLDER}${name}.txt`, 'utf8'));
    expect(text).toMatch(/^train /m);
    expect(text).toMatch(/^predict /m);
  },
);
