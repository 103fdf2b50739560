import { expect, test } from 'vitest';
import { BUDGETS, measureSizes } from '../../scripts/size.ts';

test('what a page downloads, for inference and with everything, is within its budget', async () => {
  const { inferenceGzip, fullGzip, inferenceLater, inference, full } = await measureSizes();
  expect(inferenceGzip).toBeLessThanOrEqual(BUDGETS.inferenceGzip);
  expect(fullGzip).toBeLessThanOrEqual(BUDGETS.fullGzip);
  expect(full.at(-1)?.gzip).toBeGreaterThan(30_000);
  expect(inference.at(-1)?.gzip).toBeGreaterThan(10_000);
  expect(inferenceLater.map((p) => p.name)).toEqual(
    expect.arrayContaining(['imageMakers.js', 'normMakers.js']),
  );
});
