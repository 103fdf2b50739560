/** The script of every worker: a thread of a team, or a server that owns a memory. */
import { builtin } from './environment.ts';
import { messageOf } from './errors.ts';
import { type Instance, instantiate, runAlone } from './instance.ts';
import { load } from './load.ts';
import type { Alive, Answer, Command, Hello, Role, Start, ThreadMessage } from './messages.ts';

interface Port {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

const node = builtin('node:worker_threads');
const port = (node?.parentPort ?? globalThis) as unknown as Port;

port.onmessage = ({ data }) => {
  const { role, lock } = data as Start;
  const held = lock ? hold(lock) : undefined;
  if (role.role === 'server') beServer(role.module, role.pages);
  else if (held) void held.then(() => beThread(role));
  else beThread(role);
};

/** Holds a lock from now on; where there are none, nobody learns of the worker's end. */
function hold(lock: string): Promise<void> {
  return new Promise((resolve) => {
    const held = () => {
      port.postMessage({ holds: lock } satisfies Alive);
      resolve();
      return new Promise<void>(() => {});
    };
    navigator.locks.request(lock, held).catch(() => resolve());
  });
}

/** After this, messages are no longer heard: the thread lives inside WebAssembly. */
function beThread({ module, memory, tid }: Extract<Role, { role: 'thread' }>): void {
  const say = (message: ThreadMessage): void => port.postMessage(message);
  try {
    const { park } = load(module, memory);
    say({ state: 'ready' });
    while (park(tid) !== 0) say({ state: 'done' });
    say({ state: 'left' });
  } catch (error) {
    say({ state: 'trapped', why: messageOf(error) });
  }
}

function beServer(module: WebAssembly.Module, pages: number | undefined): void {
  const instance = instantiate(module, false, pages);
  let needed = 0;
  port.onmessage = ({ data }) => {
    const command = data as Command;
    if (command.do === 'grow') needed = command.end;
    const fits = instance.memory.reserve(needed);
    if ('id' in command) answer(instance, command, fits);
    else if (fits) change(instance, command);
  };
}

function answer(instance: Instance, command: Command & { id: number }, fits: boolean): void {
  const { id } = command;
  try {
    if (!fits) throw new Error('its memory cannot grow');
    const value = result(instance, command);
    const transfer = value instanceof Uint8Array ? [value.buffer] : [];
    const message: Answer = { id, value, size: instance.memory.size };
    port.postMessage(message, transfer);
  } catch (error) {
    port.postMessage({ id, error: messageOf(error), outOfMemory: !fits } satisfies Answer);
  }
}

function result(
  { memory, exports }: Instance,
  command: Command & { id: number },
): Uint8Array<ArrayBuffer> | Hello | undefined {
  if (command.do === 'read') return memory.read(command.at, command.bytes);
  if (command.do === 'run') {
    runAlone(exports, command);
    return undefined;
  }
  return {
    maximumPages: memory.maximumPages,
    heapStart: exports.heapStart(),
    build: exports.build(),
    realBytes: exports.realBytes(),
    tileRows: exports.tileRows(),
    tileColumns: exports.tileColumns(),
  };
}

function change({ memory }: Instance, command: Command): void {
  if (command.do === 'write') memory.write(command.at, command.data);
  else if (command.do === 'clear') memory.clear(command.at, command.bytes);
}
