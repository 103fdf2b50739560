export { freeze } from './freeze.ts';
export { loadModel } from './load.ts';
