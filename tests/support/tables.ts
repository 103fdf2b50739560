/** Tables made by functions of the row. */
import { recordsFrom } from '../../src/data/preprocess.ts';
import { type Records, readCsv } from '../../src/formats/csv.ts';

export const csv = (text: string): Promise<Records> => readCsv(text, { name: 't.csv' });
/** A table of n rows from functions of the row. */
export const table = (n: number, columns: Record<string, (i: number) => unknown>): Records =>
  recordsFrom(
    Array.from({ length: n }, (_, i) =>
      Object.fromEntries(Object.entries(columns).map(([k, f]) => [k, f(i)])),
    ),
    't.csv',
  );

export const odd = (i: number) => (i * 7919) % 1000;
export const yes = (i: number) => (i % 2 ? 'yes' : 'no');
export const base = { x: odd, y: yes };
