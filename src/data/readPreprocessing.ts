import type { JsonReader } from '../formats/json.ts';
import type { FeatureColumn, Preprocessing, TargetColumn } from './preprocess.ts';

/** A preprocessing from JSON, checked. */
export function readPreprocessing(json: JsonReader): Preprocessing {
  const kind = json.get('kind').oneOf(['table', 'images']);
  if (kind === 'images') {
    const [shape, scale] = [json.get('shape').shape(), json.get('scale').number()];
    return { kind, shape, scale, classNames: names(json.get('classNames')) };
  }
  const columns = json.get('columns').list().map(readColumn);
  return { kind, columns, target: readTarget(json.get('target')), notes: texts(json.get('notes')) };
}

function texts(json: JsonReader): string[] {
  return json.list().map((t) => t.text());
}

function names(json: JsonReader): string[] {
  const list = texts(json);
  if (list.length === 0 || new Set(list).size < list.length)
    json.fail('expected names, all different');
  return list;
}

function readColumn(json: JsonReader): FeatureColumn {
  const name = json.get('name').text();
  if (json.get('kind').oneOf(['number', 'category']) === 'number') {
    return { kind: 'number', name, ...readScale(json), missing: texts(json.get('missing')) };
  }
  const unknown = json.get('unknown').value;
  if (typeof unknown !== 'boolean') json.fail('"unknown" is neither true nor false');
  return {
    kind: 'category',
    name,
    categories: names(json.get('categories')),
    unknown: unknown as boolean,
  };
}

function readScale(json: JsonReader): { mean: number; std: number } {
  const std = json.get('std').number();
  if (std <= 0) json.get('std').fail(`${std}, expected a number above 0`);
  return { mean: json.get('mean').number(), std };
}

function readTarget(json: JsonReader): TargetColumn {
  const name = json.get('name').text();
  const task = json.get('task').oneOf(['classification', 'regression']);
  return task === 'regression'
    ? { task, name, ...readScale(json) }
    : { task, name, classNames: names(json.get('classNames')) };
}
