import type { NDArray } from '../compile/array.ts';
import type { Inputs } from './networkCore.ts';
import { type Core, type PredictOptions, predict } from './predict.ts';

/** The newest call of a model, and what resolves when the last one that began has ended. */
const latest = new WeakMap<Core, { call: number; ended: Promise<unknown> }>();

/** `predict`, unless a later call comes before it begins. */
export async function predictLatest(
  core: Core,
  x: Inputs,
  options: PredictOptions,
): Promise<Record<string, NDArray> | undefined> {
  const state = latest.get(core) ?? { call: 0, ended: Promise.resolve() };
  latest.set(core, state);
  const call = ++state.call;
  await state.ended;
  if (call !== state.call) return undefined;
  const outputs = predict(core, x, options);
  state.ended = outputs.catch(() => {});
  return outputs;
}
