/**
 * The public API. Layers and ops that share a name (`add`, `reshape`, `maximum`, …) are in their namespaces only:
 * `layers.add()` is a layer, `ops.add(a, b)` a tensor.
 */

export type { DerivativeOptions } from './check/derivative.ts';
export { numericalDerivative } from './check/derivative.ts';
export type { GradCheckOptions } from './check/gradCheck.ts';
export { gradCheck } from './check/index.ts';
export type { CheckedEntry, CheckVerdict, GradCheck, ParameterCheck } from './check/report.ts';
export type { NDArray, TypedArray } from './compile/array.ts';
export type { EvaluateOptions } from './compile/evaluate.ts';
export { evaluate } from './compile/later.ts';
export type { TableData, TableOptions } from './data/csvFile.ts';
export type {
  BatchOptions,
  CsvStream,
  CsvStreamOptions,
} from './data/csvStream.ts';
export type { DataSplits, Dataset } from './data/dataset.ts';
export * as datasets from './data/datasets.ts';
export type { DownloadOptions, DownloadProgress } from './data/download.ts';
export type { Fold } from './data/folds.ts';
export type { Decoder, ImageFolderOptions } from './data/imageFolder.ts';
export type { ImageOptions, Pixels } from './data/images.ts';
export {
  csvFileBatches,
  describePrediction,
  encode,
  encodeImages,
  encodeInputs,
  fitPreprocessing,
  fromImageData,
  imagePreprocessing,
  kFold,
  openCsvStream,
  prepareTable,
  readCsvFile,
  readIdxFolder,
  readImageFolder,
  recommendSplit,
  recordsFrom,
  splitDataset,
  splitIndices,
  splitRecords,
  takeExamples,
  takeRecords,
  writeIdxFolder,
} from './data/later.ts';
export type {
  ImagePreprocessing,
  Prediction,
  Preprocessing,
  TablePreprocessing,
} from './data/preprocess.ts';
export type { Fractions, SplitOptions } from './data/split.ts';
export type { ArrayData, DataLike } from './data/table.ts';
export type { ColumnType, FitTableOptions } from './data/tableOptions.ts';
export * from './diagnose/index.ts';
export type { CsvOptions, Records } from './formats/csv.ts';
export type { Decimal } from './formats/decimals.ts';
export type { ElementType, FileArray } from './formats/elements.ts';
export type { IdxArray, WriteIdxOptions } from './formats/idx.ts';
export {
  csvBatches,
  readCsv,
  readIdx,
  readNpy,
  readSafetensors,
  writeIdx,
  writeNpy,
  writePng,
  writeSafetensors,
} from './formats/later.ts';
export type { Safetensors } from './formats/safetensors.ts';
export type { Shape } from './graph/shape.ts';
export type { DType, Tensor, Variable } from './graph/tensor.ts';
export type { Activation } from './nn/activations.ts';
export { activations } from './nn/activations.ts';
export type { AugmentationOptions } from './nn/augment.ts';
export type { LayerConfig } from './nn/config.ts';
export { layerConfig, registerLayer } from './nn/config.ts';
export type { Constraint } from './nn/constraint.ts';
export { constraints } from './nn/constraint.ts';
export type { ConvolutionOptions, DepthwiseOptions, SeparableOptions } from './nn/conv.ts';
export type { TransposedOptions } from './nn/convTransposed.ts';
export type { DenseOptions } from './nn/dense.ts';
export * as layers from './nn/index.ts';
export {
  activation,
  alphaDropout,
  augmentation,
  averagePooling2D,
  batchNormalization,
  concatenate,
  conv1D,
  conv1DTranspose,
  conv2D,
  conv2DTranspose,
  conv3D,
  conv3DTranspose,
  dense,
  depthwiseConv1D,
  depthwiseConv2D,
  dropout,
  flatten,
  gaussianDropout,
  gaussianNoise,
  globalAveragePooling2D,
  globalMaxPooling2D,
  groupNormalization,
  lambda,
  layerNormalization,
  maxPooling2D,
  normalization,
  randomBrightness,
  randomContrast,
  randomCrop,
  randomCutout,
  randomElastic,
  randomErasing,
  randomFlip,
  randomRotation,
  randomShear,
  randomTranslation,
  randomZoom,
  separableConv1D,
  separableConv2D,
  spatialDropout1D,
  spatialDropout2D,
  spatialDropout3D,
} from './nn/index.ts';
export type { Initializer } from './nn/init.ts';
export { initializers } from './nn/init.ts';
export { layerFromConfig } from './nn/later.ts';
export type { Layer, LayerOptions, LayerScope, WeightOptions } from './nn/layer.ts';
export { layer } from './nn/layer.ts';
export type { Loss } from './nn/loss.ts';
export { losses } from './nn/loss.ts';
export type { Accumulator, Metric } from './nn/metric.ts';
export { accumulatedMetric, metrics } from './nn/metric.ts';
export type {
  BatchNormalizationOptions,
  GroupNormalizationOptions,
  LayerNormalizationOptions,
} from './nn/norm.ts';
export type { AdaptData, NormalizationLayer, NormalizationOptions } from './nn/normalization.ts';
export type { GlobalPoolingOptions, PoolingOptions } from './nn/pooling.ts';
export type { Regularizer } from './nn/regularizer.ts';
export { regularizers } from './nn/regularizer.ts';
export { grad, valueAndGrad } from './ops/gradient.ts';
export * as ops from './ops/index.ts';
export { scalar, tensor } from './ops/leaf.ts';
export {
  adadelta,
  adagrad,
  adam,
  adamax,
  adamw,
  lion,
  nadam,
  optimizerConfig,
  optimizers,
  rmsprop,
  sgd,
} from './optim/index.ts';
export type { Optimizer, OptimizerOptions, ParameterGroup } from './optim/optimizer.ts';
export type { Schedule } from './optim/schedule.ts';
export { schedules } from './optim/schedule.ts';
export {
  augmentationSheet,
  look,
  pictures,
  rateChart,
  rateText,
  writeSheet,
} from './report/index.ts';
export type { Look, LookOptions } from './report/look.ts';
export type { Pictures } from './report/pictures.ts';
export type { Picture, SheetOptions } from './report/sheet.ts';
export type { EngineOptions } from './runtime/create.ts';
export { createEngine, defaultEngine, runtimeInfo } from './runtime/create.ts';
export type { BuildName, Engine, MemoryInfo, RuntimeInfo } from './runtime/engine.ts';
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
export type { WorkerFactory, WorkerLike } from './runtime/thread.ts';
export type { WasmSource } from './runtime/wasm.ts';
export type { Callback, EarlyStoppingOptions, ReduceOnPlateauOptions } from './train/callbacks.ts';
export {
  earlyStopping,
  learningRateScheduler,
  reduceLearningRateOnPlateau,
  terminateOnNaN,
} from './train/callbacks.ts';
export type { ModelCheckpointOptions } from './train/checkpoint.ts';
export { modelCheckpoint } from './train/checkpoint.ts';
export type { CompileOptions } from './train/compileOptions.ts';
export type { ModelOptions } from './train/core.ts';
export type { CsvLoggerOptions } from './train/csvLogger.ts';
export { csvLogger } from './train/csvLogger.ts';
export type { FitOptions } from './train/fit.ts';
export type { History, Logs } from './train/history.ts';
export type { MemoryReport } from './train/inspect.ts';
export { confusionMatrix, freeze, loadModel, measure } from './train/later.ts';
export type { LoadOptions } from './train/load.ts';
export type { MeasureOptions } from './train/measure.ts';
export type {
  FunctionalOptions,
  SequentialLayer,
  SequentialOptions,
} from './train/model.ts';
export { Model, model, sequential } from './train/model.ts';
export type { Inputs } from './train/networkCore.ts';
export type { PredictOptions } from './train/predict.ts';
export type { LayerOutput, Probe, StepView } from './train/probe.ts';
export type { Profile, ProfileOptions, ProfileRow } from './train/profile.ts';
export type { ModelNotes, SaveOptions } from './train/save.ts';
export type { ModelFiles } from './train/savedNetwork.ts';
export type { BatchPass, BatchStream, StreamBatch } from './train/source.ts';
export type { TensorBoardOptions } from './train/tensorBoard.ts';
export { tensorBoard } from './train/tensorBoard.ts';
export type { StepData, StepFunction, TrainerOptions } from './train/trainer.ts';
export { Trainer, trainer } from './train/trainer.ts';
