import type { Contestant } from '../types.ts';
import { packages } from './index.ts';
import { serve } from './serve.ts';

/** A package of this folder, for another process: `node host.ts CONTESTANT`. */
await serve(packages.find(({ name }) => name === process.argv[2]) as Contestant);
