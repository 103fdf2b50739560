import { expect, test } from 'vitest';
import { BUDGETS, measureSizes } from '../../scripts/size.ts';

test('what a page downloads for inference is within its budget', async () => {
  const { inferenceGzip, inferenceLater, inference } = await measureSizes();
  expect(inferenceGzip).toBeLessThanOrEqual(BUDGETS.inferenceGzip);
  expect(inference.at(-1)?.gzip).toBeGreaterThan(10_000);
  expect(inferenceLater.map((p) => p.name)).toContain('imageMakers.js');
});
