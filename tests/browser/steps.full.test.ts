import { test } from 'vitest';
import { createEngine } from '../../src/index.ts';
import { testMemory } from './support/free.ts';
import { expectQuietConsole } from './support/page.ts';

expectQuietConsole();

test('memory stays as it is in 10,000 steps', async () => {
  using engine = await createEngine({ kind: 'worker' });
  await testMemory(engine, 20);
});
