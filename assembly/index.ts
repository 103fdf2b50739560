export { build, heapStart, realBytes, tileColumns, tileRows } from './layout';
export { storeConstants } from './math';
export { run } from './run';
export {
  clearTeam,
  doneWord,
  joinTeam,
  park,
  rouseTeam,
  sleepers,
  startTeam,
  stopTeam,
} from './team';
