import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { type Contestant, type Kind, type Runner, Unable, type Variant } from '../types.ts';
import { fromFrames, toFrame } from './frames.ts';

/** Milliseconds after which a process is given up that has not opened a task, or not answered since. */
const PATIENCE: Patience = { open: 60_000, run: 20_000 };

interface Patience {
  readonly open: number;
  readonly run: number;
}

/** Patience is counted in so many pieces: time in which this process is stopped as well does not count. */
const TICKS = 20;

/** How to start a process that answers messages on its fourth file. */
export interface Host {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

type Numbers = ArrayLike<number>;

/** What is known of an opened task. */
interface Info {
  readonly note?: string;
  /** It has no results to compare. */
  readonly silent?: boolean;
}

interface Answer {
  readonly value?: unknown;
  readonly error?: string;
  /** The error is that it cannot, not that it failed. */
  readonly unable?: boolean;
}

/**
 * A process that runs one task at a time. It is stopped while others run: threads of OpenBLAS, OpenMP and
 * ONNX Runtime spin for a while after their work.
 */
class Process {
  readonly #child: ChildProcess;
  readonly #answers: AsyncGenerator<unknown>;
  #turn: Promise<unknown> = Promise.resolve();
  #said = '';
  ended = false;

  readonly #patience: Patience;

  constructor({ command, args, env }: Host, patience: Patience) {
    this.#patience = patience;
    this.#child = spawn(command, [...args], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    endWithThis(this.#child);
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('exit', () => this.#end(''));
    this.#child.stdin?.on('error', () => {});
    this.#child.stderr?.on('data', (text) => {
      this.#said = `${this.#said}${text}`.slice(-2000);
    });
    this.#answers = fromFrames(this.#child.stdio[3] as Readable);
    running.add(this);
  }

  #end(said: string): void {
    this.#said += said;
    this.ended = true;
    running.delete(this);
  }

  /** Requests wait for each other. */
  ask(request: object): Promise<unknown> {
    const answer = this.#turn.then(() => this.#ask(request));
    this.#turn = answer.catch(() => {});
    return answer;
  }

  async #ask(request: object): Promise<unknown> {
    this.#child.kill('SIGCONT');
    const patience = 'open' in request ? this.#patience.open : this.#patience.run;
    let ticks = 0;
    const timer = setInterval(() => {
      if (++ticks === TICKS) this.kill();
    }, patience / TICKS);
    for (const part of toFrame(request)) (this.#child.stdin as Writable).write(part);
    const { done, value } = await this.#answers.next();
    clearInterval(timer);
    if (done) {
      if (!this.ended) await once(this.#child, 'exit');
      throw new Error(ticks >= TICKS ? `no answer in ${patience / 1000} s` : this.#why());
    }
    this.#child.kill('SIGSTOP');
    const { error, unable, value: result } = value as Answer;
    if (error === undefined) return result;
    throw unable ? new Unable(error) : new Error(error);
  }

  #why(): string {
    const { exitCode, signalCode } = this.#child;
    const last = this.#said.trim().split('\n').at(-1);
    return `its process ended (${signalCode ?? exitCode})${last ? `: ${last}` : ''}`;
  }

  kill(): void {
    this.ended = true;
    running.delete(this);
    this.#child.kill('SIGKILL');
  }
}

/** A process that is stopped does not see that this one is gone: another, whose input ends with this one, kills it. */
function endWithThis(child: ChildProcess): void {
  if (!child.pid) return;
  const guard = spawn('sh', ['-c', 'read _; kill -KILL $0', `${child.pid}`], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  guard.on('error', () => {});
  child.on('exit', () => guard.kill());
}

const running = new Set<Process>();

/** Ends all processes of peers. */
export function endPeers(): void {
  for (const p of running) p.kill();
}

/** A contestant whose variants run in a process each, which may crash or hang without harm to the run. */
export interface Remote extends Pick<Contestant, 'name' | 'kinds' | 'variants'> {
  readonly opens: readonly Kind[];
  host(variant: Variant): Host;
  /** Default 60 s and 20 s. */
  readonly patience?: Patience;
}

export function remote({
  name,
  kinds,
  variants,
  opens,
  host,
  patience = PATIENCE,
}: Remote): Contestant {
  const processes = new Map<string, Process>();
  const start = (variant: Variant): Process => {
    const key = `${variant.build}/${variant.threads}`;
    const known = processes.get(key);
    if (known && !known.ended) return known;
    const made = new Process(host(variant), patience);
    processes.set(key, made);
    return made;
  };
  const open = async (kind: Kind, task: unknown, variant: Variant): Promise<Runner> => {
    const at = start(variant);
    const { note, silent } = (await at.ask({ open: kind, task, variant })) as Info;
    let taken = 0;
    return {
      ...(note ? { note } : {}),
      async run(steps) {
        taken = (await at.ask({ run: steps })) as number;
      },
      took: () => taken,
      reset: async () => void (await at.ask({ reset: true })),
      ...(silent ? {} : { output: async () => (await at.ask({ output: true })) as Numbers }),
      dispose: () => void at.ask({ close: true }).catch(() => {}),
    };
  };
  const openers = opens.map((kind) => [
    kind,
    (task: unknown, variant: Variant) => open(kind, task, variant),
  ]);
  return { name, ...(kinds ? { kinds } : {}), variants, open: Object.fromEntries(openers) };
}
