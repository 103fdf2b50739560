export { heapStart, tileColumns, tileRows } from './layout';
export { storeConstants } from './math';
export { run } from './run';
export { park } from './team';
