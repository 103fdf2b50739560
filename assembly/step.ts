/** Layout of one row of the step table: what varies from step to step is data that the host fills. */
export const STEP_BYTES: usize = 64;

/** Learning rate (f64). */
export function stepRate(step: usize): f64 {
  return load<f64>(step, 0);
}
/** Number of this update, from 1 (for bias corrections). */
export function stepNumber(step: usize): i32 {
  return load<i32>(step, 8);
}
/** Seed of the run. */
export function stepSeed(step: usize): u32 {
  return load<u32>(step, 12);
}
/** Key of the step's random numbers: together with the seed it never repeats in a run. */
export function stepKey(step: usize): u32 {
  return load<u32>(step, 16);
}
/** First example of the batch, as a position in the epoch's order. */
export function stepOffset(step: usize): i32 {
  return load<i32>(step, 20);
}
