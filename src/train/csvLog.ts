import { nodeFiles, withPath } from '../data/file.ts';
import type { CsvLoggerOptions } from './csvLogger.ts';
import type { Logs } from './history.ts';

/** The file that `csvLogger` writes. */
export class CsvLog {
  readonly #file: string;
  readonly #separator: string;
  readonly #append: boolean;
  /** What the columns hold; empty where rows that were there have named them. */
  #names: readonly string[] | undefined;

  constructor({ file, separator = ',', append = false }: CsvLoggerOptions) {
    this.#file = file;
    this.#separator = separator;
    this.#append = append;
  }

  async begin(): Promise<void> {
    const { stat, writeFile } = nodeFiles('csvLogger');
    const size = async () => (await stat(this.#file).catch(() => ({ size: 0 }))).size;
    if (!this.#append) await withPath(this.#file, () => writeFile(this.#file, ''));
    else if ((await size()) > 0) this.#names = [];
  }

  async add(epoch: number, logs: Logs): Promise<void> {
    const { appendFile } = nodeFiles('csvLogger');
    const head = this.#names ? '' : this.#line(['epoch', ...Object.keys(logs)]);
    if (!this.#names?.length) this.#names = Object.keys(logs);
    const row = this.#line([String(epoch), ...this.#names.map((name) => String(logs[name] ?? ''))]);
    await withPath(this.#file, () => appendFile(this.#file, head + row));
  }

  #line(cells: readonly string[]): string {
    const separator = this.#separator;
    const cell = (text: string) =>
      text.includes(separator) || /["\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
    return `${cells.map(cell).join(separator)}\n`;
  }
}
