export { build, heapStart, realBytes, tileColumns, tileRows } from './layout';
export { storeConstants } from './math';
export { run } from './run';
export {
  clearTeam,
  doneWord,
  joinTeam,
  longWaits,
  park,
  rouseTeam,
  sleepers,
  startTeam,
  stopTeam,
} from './team';
