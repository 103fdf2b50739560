import { Loops } from '../plain/loops.ts';
import { type Contestant, Unable } from '../types.ts';
import { trainRunner } from './plain.ts';

/** What one writes first: explicit loops over examples and features. */
export const loops: Contestant = {
  name: 'loops-js',
  kinds: ['vectorise'],
  variants: () => [{ build: 'js', threads: 1 }],
  open: {
    vectorise(task) {
      if (task.optimizer !== 'sgd') throw new Unable(`has no ${task.optimizer}`);
      return trainRunner(new Loops(task));
    },
  },
};
