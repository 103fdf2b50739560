/** Ctrl-C and SIGTERM while a command runs. */

type Signal = 'SIGINT' | 'SIGTERM';

/** What a shell sees of a process that a signal ended. */
const EXIT_CODES: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/** `npm` passes on a Ctrl-C that the terminal has sent to us as well; so close together they are one. */
const SAME_MS = 250;

/**
 * The first signal leaves at once, or, once `patient` was called, aborts `signal` and calls its argument; the second
 * one leaves at once.
 */
export class Interrupts {
  #code: number | undefined;
  #at = 0;
  #first: (() => void) | undefined;
  readonly #controller = new AbortController();
  readonly #listen = (name: Signal) => this.#on(name);

  constructor() {
    for (const name of Object.keys(EXIT_CODES)) process.on(name, this.#listen);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Exit code that belongs to the signal that came; undefined if none did. */
  get code(): number | undefined {
    return this.#code;
  }

  patient(first: () => void): void {
    this.#first = first;
  }

  [Symbol.dispose](): void {
    for (const name of Object.keys(EXIT_CODES)) process.off(name, this.#listen);
  }

  #on(name: Signal): void {
    const again = this.#code !== undefined;
    if (again && performance.now() - this.#at < SAME_MS) return;
    this.#code = EXIT_CODES[name];
    this.#at = performance.now();
    if (again || !this.#first) process.exit(this.#code);
    this.#controller.abort();
    this.#first();
  }
}
