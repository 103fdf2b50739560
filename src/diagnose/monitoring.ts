/** What `healthMonitor` does, loaded when a training begins. */
export { describeNotFinite } from '../compile/notFinite.ts';
export { healthText } from './healthText.ts';
export { readMeasures, watchStep } from './measure.ts';
export { findings } from './warnings.ts';
