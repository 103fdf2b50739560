import { checkLabels, type DataLike, type Table, table, tabulating } from '../data/table.ts';
import type { Loss } from '../nn/loss.ts';
import { ShapeError } from '../runtime/errors.ts';
import type { Work } from '../runtime/turns.ts';
import type { ModelCore } from './core.ts';
import { type Inputs, namedData } from './networkCore.ts';
import type { OutputLoss } from './outputs.ts';
import { SAMPLE_WEIGHT, targetName } from './programs.ts';

/** Training and testing tables of a call: inputs, targets, weights. */
export function* tabulatingData(
  core: ModelCore,
  x: Inputs,
  y: Inputs,
  sampleWeight?: ArrayLike<number>,
): Work<Table[]> {
  const { losses } = core.requireCompiled;
  const inputs = yield* core.tabulating(x);
  const all = [...inputs];
  for (const [output, data] of namedData('target', y, [...losses.keys()])) {
    const { loss } = losses.get(output) as OutputLoss;
    all.push(yield* targetTable(core, output, data, loss));
  }
  if (sampleWeight) all.push(table(SAMPLE_WEIGHT, Float64Array.from(sampleWeight), 'values', []));
  const examples = (inputs[0] as Table).shape[0] as number;
  for (const t of all) {
    if (t.shape[0] !== examples)
      throw new ShapeError(
        `${t.name} has ${t.shape[0]} examples, input "${inputs[0]?.name}" ${examples}`,
      );
  }
  return all;
}

function* targetTable(core: ModelCore, output: string, data: DataLike, loss: Loss): Work<Table> {
  const shape = core.outputShapes.get(output) ?? [];
  const name = targetName(output);
  if (loss.targets === 'labels') {
    const found = yield* tabulating(name, data, 'labels', shape.slice(0, -1));
    checkLabels(found, shape.at(-1) ?? 1, loss.config?.['ignoreClass']);
    return found;
  }
  const given = yield* tabulating(name, data, 'values');
  const column = given.shape.length === 1 && shape.length === 1 && shape[0] === 1;
  return column
    ? { ...given, shape: [...given.shape, 1] }
    : yield* tabulating(name, data, 'values', shape);
}
