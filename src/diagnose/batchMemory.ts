import { MemoryError } from '../runtime/errors.ts';
import { coreOf, type Model } from '../train/model.ts';
import { stepBytes } from '../train/profile.ts';

/** `wanted` examples a step, or the largest smaller power of two, so that a training step finds room; and its bytes. */
export function fitting(
  model: Model,
  wanted: number,
): Promise<{ batchSize: number; bytes: number }> {
  const core = coreOf(model);
  return core.exclusively('recommendBatchSize', async () => {
    for (let batchSize = wanted; ; batchSize = smaller(batchSize)) {
      const workspace = await stepBytes(core, batchSize);
      const { variables, training, engine } = model.memory();
      const left = engine.limit - engine.used;
      if (workspace <= left) return { batchSize, bytes: variables + training + workspace };
      if (batchSize === 1)
        throw new MemoryError(
          `recommendBatchSize: model "${model.name}" needs ${megabytes(workspace)} for one example, ${megabytes(left)} are left`,
        );
    }
  });
}

/** The next smaller power of two. */
function smaller(n: number): number {
  let power = 1;
  while (2 * power < n) power *= 2;
  return power;
}

const megabytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MB`;
