import { expect, test } from 'vitest';
import { Jobs } from '../../src/runtime/jobs.ts';
import { sleep } from '../support/engine.ts';

test('jobs run one at a time, in order, whatever happens to those before', async () => {
  const jobs = new Jobs();
  const log: string[] = [];
  const job = (name: string, ms: number) =>
    jobs.run(async () => {
      log.push(`${name} starts`);
      await sleep(ms);
      log.push(`${name} ends`);
      if (name === 'b') throw new Error('b failed');
      return name;
    });
  const results = await Promise.allSettled([job('a', 20), job('b', 5), job('c', 0)]);
  expect(log).toEqual(['a', 'b', 'c'].flatMap((name) => [`${name} starts`, `${name} ends`]));
  expect(results.map((r) => r.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
});
