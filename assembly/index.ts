export { build, heapStart, realBytes, tileColumns, tileRows } from './layout';
export { storeConstants } from './math';
export { run } from './run';
export { clearTeam, doneWord, park, startTeam, stopTeam } from './team';
