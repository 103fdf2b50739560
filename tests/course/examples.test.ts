import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, runExamples, runScript } from '../support/examples.ts';

const files = readdirSync(join(root, 'examples')).filter((file) => file.endsWith('.ts'));

test.each(files)('%s has fewer than 80 lines', (file) => {
  expect(readFileSync(join(root, 'examples', file), 'utf8').split('\n').length - 1).toBeLessThan(
    80,
  );
});

test('examples run one after the other, with a table of targets', () => {
  const { status, stdout } = runExamples('house-prices', 'inspect-step');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^house-prices +\d+\.\d s +R² of each network .* ≥ 95\.00 % .* reached$/m);
  expect(stdout).toMatch(/^inspect-step +\d+\.\d s +– +ran$/m);
  expect(stdout).toMatch(/\n2 of 2 examples as they should be, 0 skipped, 0 not\n$/);
});

test('an example that is not there', () => {
  expect(runExamples('nothing')).toMatchObject({
    status: 2,
    stderr: expect.stringContaining(
      'no "nothing", there are augmentation, cat-logistic, cat-network',
    ),
  });
});

test.each(['cat-logistic', 'cat-network', 'mnist-mlp'])(
  '%s without data says how to get it',
  (name) => {
    expect(runScript(`examples/${name}.ts`, '/nowhere')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^skipped: \/nowhere has no train.*give/),
    });
  },
);
