/** Runs one job at a time, in the order asked for. A job that fails does not hold up the next. */
export class Jobs {
  #last: Promise<unknown> = Promise.resolve();

  run<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => {});
    return result;
  }
}
