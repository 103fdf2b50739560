import type { ColumnType, FitTableOptions } from '../data/tableOptions.ts';
import type { CommandOptions, OptionValues } from './command.ts';
import { choiceValue, textValue, UsageError } from './values.ts';

/** How the columns of a table are read. */
export type TableFlags = Pick<FitTableOptions, 'decimal' | 'types' | 'missing'>;

export const TABLE_OPTIONS = {
  types: {
    type: 'string',
    value: 'column=type,…',
    help: 'read columns as number, category, text (a 0 or 1 for each word) or drop, whatever their cells look like',
  },
  decimal: {
    type: 'string',
    value: 'mark',
    help: 'what stands before the decimals of all numbers, . or ,; default found column by column',
  },
  missing: {
    type: 'string',
    value: 'text,…',
    help: 'more texts that stand for a missing cell, also of the target; the usual ones (NA, #N/A, NaN, null, None, ?, - and others) count for features alone',
  },
} as const satisfies CommandOptions;

const TYPE = /(.+?)=(number|category|text|drop)(?:,|$)/y;

export function tableFlags(values: OptionValues): TableFlags {
  const types = textValue(values, 'types');
  const decimal = choiceValue(values, 'decimal', ['.', ',']);
  const missing = values['missing'];
  return {
    ...(types === undefined ? {} : { types: typesIn(types) }),
    ...(decimal === undefined ? {} : { decimal }),
    ...(missing === undefined ? {} : { missing: listIn(String(missing)) }),
  };
}

function typesIn(text: string): Record<string, ColumnType> {
  const types: [string, ColumnType][] = [];
  let at = 0;
  while (at < text.length) {
    TYPE.lastIndex = at;
    const [found, column, type] = TYPE.exec(text) ?? [];
    if (found === undefined)
      throw new UsageError(
        `--types ${text.slice(at)}: expected column=type, the type one of number, category, text, drop`,
      );
    types.push([column as string, type as ColumnType]);
    at += found.length;
  }
  return Object.fromEntries(types);
}

/** Nothing at all is a list without texts. */
function listIn(text: string): string[] {
  return text === '' ? [] : text.split(',').map((t) => t.trim());
}
