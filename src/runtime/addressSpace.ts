/** What a process in Node may still map, where that is limited (`ulimit -v`): V8 ends the process when a thread finds no room. */
import { builtin } from './environment.ts';
import { EngineError } from './errors.ts';

const MB = 2 ** 20;
const PAGE = 65536;
/** A thread of Node with its heap and its code: 720 MB were found. */
const THREAD = 800 * MB;
/** For the heap of the program itself. */
const SPARE = 512 * MB;

export interface Room {
  readonly threads: number;
  readonly maximumPages: number;
  readonly reasons: readonly string[];
}

/** Bytes that may be mapped, and that are not yet; undefined where there is no limit. */
function addressSpace(): { limit: number; left: number } | undefined {
  try {
    const read = (name: string) => builtin('node:fs')?.readFileSync(`/proc/self/${name}`, 'utf8');
    const limit = Number(/^Max address space +(\d+)/m.exec(read('limits') ?? '')?.[1]);
    const used = Number(/^VmSize:\s+(\d+) kB/m.exec(read('status') ?? '')?.[1]) * 1024;
    return limit > 0 && used > 0 ? { limit, left: limit - used } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * So many of `threads`, and so large a memory, as there is room for; the memory gets half of what threads and heap leave. Throws
 * `EngineError` when there is room for no thread.
 */
export function roomFor(threads: number, space = addressSpace()): Room | undefined {
  if (!space) return undefined;
  const { limit, left } = space;
  const fit = Math.max(0, Math.min(threads, Math.floor((left - SPARE) / THREAD)));
  const found = `the address space (ulimit -v) has ${mb(limit)}, of which ${mb(left)} are left`;
  const need = `a thread needs ${mb(THREAD)} beside ${mb(SPARE)}`;
  if (threads > 0 && fit === 0) throw new EngineError(`no threads: ${found}; ${need}`);
  const rest = Math.max(left - fit * THREAD, 0) / 2;
  const maximumPages = Math.min(65536, Math.max(256, Math.floor(rest / PAGE)));
  if (fit === threads && maximumPages === 65536) return undefined;
  const less = fit < threads ? `${fit} of ${threads} threads and ` : '';
  return {
    threads: fit,
    maximumPages,
    reasons: [`${less}${mb(maximumPages * PAGE)} of memory: ${found}${less ? `; ${need}` : ''}`],
  };
}

const mb = (bytes: number): string => `${Math.round(bytes / MB)} MB`;
