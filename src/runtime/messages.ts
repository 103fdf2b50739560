/** What the host and `worker.ts` say to each other. */

/** First message to a worker: become thread `tid` of a team over `memory`, or own a memory and serve commands. */
export type Role =
  | { role: 'thread'; module: WebAssembly.Module; memory: WebAssembly.Memory; tid: number }
  | { role: 'server'; module: WebAssembly.Module; pages: number | undefined };

/** First words: its role, and the lock that the worker is to hold for as long as it lives. */
export interface Start {
  role: Role;
  lock: string | undefined;
}

/** The worker holds its lock. */
export interface Alive {
  holds: string;
}

/** A thread instantiated (`ready`), finished a command (`done`), left `park` (`left`), or trapped. */
export type ThreadMessage =
  | { state: 'ready' | 'done' | 'left' }
  | { state: 'trapped'; why: string };

/** Commands with an `id` are answered. They take effect in the order sent. */
export type Command =
  | { do: 'grow'; end: number }
  | { do: 'clear'; at: number; bytes: number }
  | { do: 'write'; at: number; data: Uint8Array<ArrayBuffer> }
  | { do: 'hello'; id: number }
  | { do: 'read'; id: number; at: number; bytes: number }
  | { do: 'run'; id: number; first: number; last: number; steps: number; profile: number };

export type Answer =
  | { id: number; value: unknown; size: number }
  | { id: number; error: string; outOfMemory: boolean };

/** Answer to `hello`. */
export interface Hello {
  maximumPages: number;
  heapStart: number;
  build: number;
  realBytes: number;
  tileRows: number;
  tileColumns: number;
}
