import { styleText } from 'node:util';
import { bar, count, number, percent } from '../report/terminal.ts';
import type { Callback } from '../train/callbacks.ts';
import type { Logs } from '../train/history.ts';

/** What progress is shown on: stderr, or a stand-in. */
export interface Screen {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const REDRAW_MS = 80;
const BAR_WIDTH = 24;
/** Longer trainings leave a line only for every second epoch, every third, … */
const MOST_LINES = 40;
const CLEAR = '\r\x1b[K';

/** A callback that draws a bar on terminals and writes a line an epoch elsewhere. */
export class Progress implements Callback {
  readonly #screen: Screen;
  readonly #epochs: number;
  readonly #examples: number;
  readonly #live: boolean;
  #started = 0;
  #epoch = 0;
  #seen = 0;
  #drawn = 0;
  #shown = false;

  /** `examples`: in one epoch. */
  constructor(
    epochs: number,
    examples: number,
    screen: Screen = process.stderr,
    env = process.env,
  ) {
    this.#epochs = epochs;
    this.#examples = examples;
    this.#screen = screen;
    this.#live = screen.isTTY === true && env['TERM'] !== 'dumb';
  }

  onTrainBegin(): void {
    this.#started = performance.now();
  }

  onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
  }

  onChunkEnd(examples: number, logs: Logs): void {
    this.#seen = examples;
    const now = performance.now();
    if (!this.#live || now - this.#drawn < REDRAW_MS) return;
    this.#drawn = now;
    this.#draw(logs);
  }

  onEpochEnd(epoch: number, logs: Logs): void {
    const every = Math.ceil(this.#epochs / MOST_LINES);
    if (epoch === 0 || (epoch + 1) % every === 0) {
      const place = String(epoch + 1).padStart(String(this.#epochs).length);
      this.note([`epoch ${place}/${this.#epochs}`, ...figures(logs), this.#rate()].join('  '));
    }
    if (this.#live) this.#draw(logs);
  }

  onTrainEnd(): void {
    this.clear();
  }

  /** Writes a line of its own. */
  note(line: string): void {
    this.clear();
    this.#screen.write(`${line}\n`);
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#shown) this.#screen.write(CLEAR);
    this.#shown = false;
  }

  #draw(logs: Logs): void {
    const share = Math.min(1, this.#seen / (this.#epochs * this.#examples));
    const left = `${clock((this.#elapsed / share) * (1 - share))} left`;
    const title = `epoch ${this.#epoch + 1}/${this.#epochs}  `;
    const facts = ['', ...figures(training(logs)), this.#rate(), left].join('  ');
    const room = (this.#screen.columns ?? 80) - 1 - title.length;
    const width = Math.max(4, Math.min(BAR_WIDTH, room - facts.length));
    const filled = coloured(bar(share, width, '━', '─'));
    this.#screen.write(`${CLEAR}${title}${filled}${facts.slice(0, Math.max(0, room - width))}`);
    this.#shown = true;
  }

  get #elapsed(): number {
    return (performance.now() - this.#started) / 1000;
  }

  #rate(): string {
    return `${count(Math.round(this.#seen / this.#elapsed))}/s`;
  }
}

/** In colour where stderr shows colours: `NO_COLOR` and `FORCE_COLOR` decide first. */
function coloured(text: string): string {
  return styleText('cyan', text, { stream: process.stderr });
}

const NAMES: readonly (readonly [name: string, title: string])[] = [
  ['loss', 'loss'],
  ['accuracy', 'accuracy'],
  ['val_loss', 'dev loss'],
  ['val_accuracy', 'dev accuracy'],
];

function figures(logs: Logs): string[] {
  return NAMES.flatMap(([name, title]) => {
    const value = logs[name];
    if (value === undefined) return [];
    return [`${title} ${title.endsWith('accuracy') ? percent(value) : number(value)}`];
  });
}

/** Those of the training set. */
function training(logs: Logs): Logs {
  return Object.fromEntries(Object.entries(logs).filter(([name]) => !name.startsWith('val_')));
}

function clock(seconds: number): string {
  const whole = Number.isFinite(seconds) ? Math.ceil(seconds) : 0;
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
