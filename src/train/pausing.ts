interface Pause {
  readonly reached: PromiseWithResolvers<void>;
  readonly over: PromiseWithResolvers<void>;
}

/** Where a training run waits between two chunks of steps, as long as it is paused. */
export class Pausing {
  /** Milliseconds that the run has waited. */
  waited = 0;
  #running = false;
  #pause: Pause | null = null;

  get paused(): boolean {
    return this.#pause !== null;
  }

  /** Runs `body`, which may be paused; `signal` ends a pause too. */
  async during<T>(signal: AbortSignal | undefined, body: () => Promise<T>): Promise<T> {
    const resume = () => this.resume();
    signal?.addEventListener('abort', resume);
    this.#running = true;
    this.waited = 0;
    try {
      return await body();
    } finally {
      this.#running = false;
      this.resume();
      signal?.removeEventListener('abort', resume);
    }
  }

  /** Resolves when the run waits, or has ended. */
  async pause(): Promise<void> {
    if (!this.#running) return;
    this.#pause ??= { reached: Promise.withResolvers(), over: Promise.withResolvers() };
    await this.#pause.reached.promise;
  }

  resume(): void {
    this.#pause?.reached.resolve();
    this.#pause?.over.resolve();
    this.#pause = null;
  }

  /** Called between chunks. */
  async pass(): Promise<void> {
    while (this.#pause) {
      const started = performance.now();
      this.#pause.reached.resolve();
      await this.#pause.over.promise;
      this.waited += performance.now() - started;
    }
  }
}
