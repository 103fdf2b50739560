/** `wasmgrad/infer`: saved models that answer, in as few bytes as possible. */

export type { NDArray, TypedArray } from './compile/array.ts';
export type { ArrayData, DataLike } from './data/table.ts';
export type { RuntimeInfo } from './runtime/engine.ts';
export {
  DataError,
  DisposedError,
  EngineError,
  MemoryError,
  OptionError,
  ShapeError,
  StateError,
  TypeMismatchError,
  WasmgradError,
} from './runtime/errors.ts';
export type { InferenceOptions } from './runtime/inference.ts';
export type { InferenceInfo, InferenceModel } from './train/inference.ts';
export { loadModel } from './train/inference.ts';
export type { Inputs } from './train/networkCore.ts';
export type { PredictOptions } from './train/predict.ts';
export type { ModelFiles } from './train/savedNetwork.ts';
