import { afterEach, beforeEach, expect, vi } from 'vitest';

/** Fails tests of the file that write an error or a warning to the console. */
export function expectQuietConsole(): void {
  beforeEach(() => {
    vi.spyOn(console, 'error');
    vi.spyOn(console, 'warn');
  });
  afterEach(() => {
    expect(vi.mocked(console.error).mock.calls).toEqual([]);
    expect(vi.mocked(console.warn).mock.calls).toEqual([]);
    vi.restoreAllMocks();
  });
}

/** The longest time in milliseconds that the page's thread had no turn while `job` ran. */
export async function longestGap(job: () => Promise<unknown>): Promise<number> {
  const { port1, port2 } = new MessageChannel();
  let last = performance.now();
  let longest = 0;
  port1.onmessage = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    port2.postMessage(0);
  };
  port2.postMessage(0);
  await job();
  port1.close();
  return longest;
}

/** Milliseconds of each task of the page's thread above 50 ms (`longtask` entries) while `job` ran. */
export async function longTasks(job: () => Promise<unknown>): Promise<number[]> {
  const found: number[] = [];
  const collect = (entries: PerformanceEntryList) => {
    for (const { duration } of entries) found.push(duration);
  };
  const observer = new PerformanceObserver((list) => collect(list.getEntries()));
  await rest();
  observer.observe({ type: 'longtask' });
  await job();
  await rest();
  collect(observer.takeRecords());
  observer.disconnect();
  return found;
}

const rest = () => new Promise((resolve) => setTimeout(resolve, 30));

/** Bytes of JavaScript objects that are in use. */
export function heapBytes(): number {
  const { gc, performance } = globalThis as unknown as {
    gc(): void;
    performance: { memory: { usedJSHeapSize: number } };
  };
  gc();
  return performance.memory.usedJSHeapSize;
}
