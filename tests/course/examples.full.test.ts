import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runExamples } from '../support/examples.ts';

const names = readdirSync(join(root, 'examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));

test.each(names)('%s', (name) => {
  const { status, stdout } = runExamples(name);
  expect(status, stdout).toBe(0);
});
