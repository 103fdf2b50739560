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
  const missing = json.optional('missing');
  return {
    kind,
    columns,
    target: readTarget(json.get('target')),
    ...(missing ? { missing: texts(missing) } : {}),
    notes: texts(json.get('notes')),
  };
}

/** The mark of decimals, where it is not the point. */
function decimal(json: JsonReader): { decimal?: ',' } {
  const given = json.optional('decimal')?.oneOf([',']);
  return given ? { decimal: given } : {};
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
  const kind = json.get('kind').oneOf(['number', 'category', 'text']);
  if (kind === 'number')
    return { kind, name, ...readScale(json), missing: texts(json.get('missing')) };
  if (kind === 'text') return { kind, name, words: names(json.get('words')) };
  const unknown = json.get('unknown').value;
  if (typeof unknown !== 'boolean') json.fail('"unknown" is neither true nor false');
  return {
    kind,
    name,
    categories: names(json.get('categories')),
    unknown: unknown as boolean,
  };
}

function readScale(json: JsonReader): { mean: number; std: number; decimal?: ',' } {
  const std = json.get('std').number();
  if (std <= 0) json.get('std').fail(`${std}, expected a number above 0`);
  return { mean: json.get('mean').number(), std, ...decimal(json) };
}

function readTarget(json: JsonReader): TargetColumn {
  const name = json.get('name').text();
  const task = json.get('task').oneOf(['classification', 'regression']);
  return task === 'regression'
    ? { task, name, ...readScale(json) }
    : { task, name, classNames: names(json.get('classNames')) };
}
