/** Run as a process of its own: `node script.ts <kind>`, or `default` to print the default engine. */
import { createEngine, defaultEngine, runtimeInfo } from '../../src/runtime/create.ts';
import { longRun } from './engine.ts';

const kind = process.argv[2] as 'inline' | 'team' | 'worker' | 'default';
if (kind === 'default') {
  await defaultEngine();
  console.log(JSON.stringify(await runtimeInfo()));
} else {
  const engine = await createEngine({ kind });
  void engine.run({ ...longRun(engine), steps: 50 }).then(() => console.log('done'));
  console.log('started');
}
