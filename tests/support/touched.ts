import { vi } from 'vitest';

/** What a page of memory takes at its first touch, three times as long as where it was found to be slow, and what a growth takes. */
const PAGE_MS = 0.05;
const GROW_MS = 8;
const PAGE = 4096;
const FORMS = ['Uint8Array', 'Int32Array', 'Float32Array', 'Float64Array'] as const;

/** Milliseconds on that clock, which never goes back. */
let now = 0;

type Method = (this: unknown, ...args: unknown[]) => unknown;

/**
 * Runs `job` on a clock that stands still but while the calling thread copies, clears or grows memory, as if all of it were touched
 * for the first time. Resolves to the longest time in ms in which no event had its turn: the same on every machine.
 */
export async function longestHold(job: () => Promise<unknown>): Promise<number> {
  now = Math.max(now, performance.now());
  const touch = (bytes: number) => {
    now += Math.ceil(bytes / PAGE) * PAGE_MS;
  };
  slowCopies(touch);
  slowGrowth(() => {
    now += GROW_MS;
  });
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  let [longest, last, running] = [0, now, true];
  const turn = () => {
    longest = Math.max(longest, now - last);
    last = now;
    if (running) setImmediate(turn);
  };
  turn();
  try {
    await job();
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    running = false;
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
  }
  return longest;
}

/** Tells of each copy to a typed array how many bytes are written. */
function slowCopies(touch: (bytes: number) => void): void {
  const whole = Object.getPrototypeOf(Uint8Array) as { prototype: Record<string, Method> };
  const { set, fill, slice } = whole.prototype as Record<'set' | 'fill' | 'slice', Method>;
  vi.spyOn(whole.prototype, 'set').mockImplementation(function (this: unknown, ...args) {
    const [source] = args as [ArrayLike<number>];
    touch(source.length * (this as Uint8Array).BYTES_PER_ELEMENT);
    return set.apply(this, args);
  });
  vi.spyOn(whole.prototype, 'fill').mockImplementation(function (this: unknown, ...args) {
    const { length, BYTES_PER_ELEMENT } = this as Uint8Array;
    const [, from = 0, to = length] = args as [number, number?, number?];
    touch((to - from) * BYTES_PER_ELEMENT);
    return fill.apply(this, args);
  });
  vi.spyOn(whole.prototype, 'slice').mockImplementation(function (this: unknown, ...args) {
    const copy = slice.apply(this, args) as Uint8Array;
    touch(copy.byteLength);
    return copy;
  });
  for (const name of FORMS) vi.stubGlobal(name, slowForm(globalThis[name], touch));
}

/** The constructor, telling of copies that it makes. */
function slowForm<T extends new (...args: never[]) => ArrayBufferView>(
  Form: T,
  touch: (bytes: number) => void,
): T {
  const form: T = new Proxy(Form, {
    construct(target, args, self) {
      const made = Reflect.construct(
        target,
        args,
        self === form ? target : self,
      ) as InstanceType<T>;
      const [source] = args;
      if (source instanceof Object && 'length' in source) touch(made.byteLength);
      return made;
    },
    get(target, key, self) {
      if (key !== 'from') return Reflect.get(target, key, self);
      return (...args: Parameters<typeof Uint8Array.from>) => {
        const made = Reflect.apply(
          (target as unknown as typeof Uint8Array).from as Method,
          target,
          args,
        ) as Uint8Array;
        touch(made.byteLength);
        return made;
      };
    },
  });
  return form;
}

function slowGrowth(grown: () => void): void {
  const { grow } = WebAssembly.Memory.prototype;
  vi.spyOn(WebAssembly.Memory.prototype, 'grow').mockImplementation(function (
    this: WebAssembly.Memory,
    pages,
  ) {
    grown();
    return grow.call(this, pages);
  });
}
