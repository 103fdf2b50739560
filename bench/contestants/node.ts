import { childRunner } from '../child.ts';
import type { Contestant } from '../types.ts';

/** A process that does nothing: what `startup/` is measured against. */
export const node: Contestant = {
  name: 'node',
  kinds: ['startup'],
  variants: () => [{ build: 'bare', threads: 1 }],
  open: {
    startup() {
      const { run, reset, maxSteps } = childRunner(['-e', 'console.log("[]")']);
      return { run, reset, maxSteps };
    },
  },
};
