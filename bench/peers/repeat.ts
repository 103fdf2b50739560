import type { Runner } from '../types.ts';

interface Work<T> {
  step(): T | Promise<T>;
  read(result: T): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Gives back the memory of a result that nobody will read. */
  free?(result: T): void;
  dispose?(): void;
}

/** Repeats a step whose results are values of their own; the last one is kept. */
export function repeat<T>({ step, read, free, dispose }: Work<T>): Runner {
  let last: { readonly value: T } | undefined;
  const release = () => {
    if (last) free?.(last.value);
    last = undefined;
  };
  return {
    async run(steps) {
      for (let i = 0; i < steps; i++) {
        const made = step();
        const value = made instanceof Promise ? await made : made;
        release();
        last = { value };
      }
    },
    output: () => (last ? read(last.value) : []),
    dispose() {
      release();
      dispose?.();
    },
  };
}
