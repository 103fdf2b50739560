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

/** All numbers of several arrays, one behind the other. */
export function joined(arrays: readonly ArrayLike<number>[]): ArrayLike<number> {
  const [first] = arrays;
  if (first && arrays.length === 1) return first;
  const all = new Float64Array(arrays.reduce((n, a) => n + a.length, 0));
  let at = 0;
  for (const a of arrays) {
    all.set(a, at);
    at += a.length;
  }
  return all;
}
