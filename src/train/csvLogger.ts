import { nodeFiles, withPath } from '../data/file.ts';
import { checkOptions, OptionError } from '../runtime/errors.ts';
import type { Callback } from './callbacks.ts';

export interface CsvLoggerOptions {
  readonly file: string;
  /** Between cells, default a comma. */
  readonly separator?: string;
  /** Rows go behind what is there, without a head, default false. */
  readonly append?: boolean;
}

/** Writes a row at the end of each epoch: its number, then losses and metrics; the first row names them. */
export function csvLogger(options: CsvLoggerOptions): Callback {
  checkOptions('csvLogger', options, ['file', 'separator', 'append']);
  const { file, separator = ',', append = false } = options;
  if (typeof file !== 'string' || file === '')
    throw new OptionError(`csvLogger: file is ${JSON.stringify(file)}, expected a path`);
  const cell = (text: string) =>
    text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const line = (cells: readonly string[]) => `${cells.map(cell).join(separator)}\n`;
  let names: string[] | undefined;
  return {
    async onTrainBegin() {
      names = undefined;
      const { stat, writeFile } = nodeFiles('csvLogger');
      if (!append) await withPath(file, () => writeFile(file, ''));
      else if (
        await stat(file).then(
          ({ size }) => size > 0,
          () => false,
        )
      )
        names = [];
    },
    async onEpochEnd(epoch, logs) {
      const { appendFile } = nodeFiles('csvLogger');
      const head = names === undefined ? line(['epoch', ...Object.keys(logs)]) : '';
      if (!names?.length) names = Object.keys(logs);
      const row = line([String(epoch), ...names.map((name) => String(logs[name] ?? ''))]);
      await withPath(file, () => appendFile(file, head + row));
    },
  };
}
