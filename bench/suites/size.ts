import { readFileSync } from 'node:fs';
import type { Case, Suite } from '../types.ts';

const CONFIG = new URL('../../asconfig.json', import.meta.url);
const builds = Object.keys(JSON.parse(readFileSync(CONFIG, 'utf8')).targets);

export function sizeCase(artifact: string): Case<'size'> {
  const check = { steps: 0, tolerance: 0 };
  return { name: `size/${artifact}`, kind: 'size', task: () => ({ artifact }), check };
}

/**
 * Each build; `library`: all that the package exports, without builds; `inference`: what a page loads to ask a
 * saved model, with the build that has threads.
 */
export const size: Suite = {
  name: 'size',
  cases: [...builds.map((b) => `${b}.wasm`), 'library', 'inference'].map(sizeCase),
};
