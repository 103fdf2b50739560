export { writeFile, writeModel } from './folder.ts';
export { loadWeights, toFiles, weightsFile } from './save.ts';
