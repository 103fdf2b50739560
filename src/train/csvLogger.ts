import { checkOptions, OptionError } from '../runtime/errors.ts';
import type { Callback } from './callbacks.ts';
import type { CsvLog } from './csvLog.ts';

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
  const { file } = options;
  if (typeof file !== 'string' || file === '')
    throw new OptionError(`csvLogger: file is ${JSON.stringify(file)}, expected a path`);
  let log: CsvLog;
  return {
    async onTrainBegin() {
      const { CsvLog } = await import('./csvLog.ts');
      log = new CsvLog(options);
      await log.begin();
    },
    onEpochEnd: (epoch, logs) => log.add(epoch, logs),
  };
}
