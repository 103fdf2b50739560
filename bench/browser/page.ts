/** The page's part of the benchmark, driven by `main.ts`. */
import type { WorkerLike } from '../../src/runtime/thread.ts';
import { Engines } from '../engines.ts';
import { pagePeers } from './peers.ts';
import { Session, type Settings } from './session.ts';

const startWorker = () => new Worker('/bench/worker.js', { type: 'module' }) as WorkerLike;

function openSession(settings: Settings): Session {
  const engines = new Engines(crossOriginIsolated ? 'team' : 'worker', startWorker);
  return new Session(engines, settings, pagePeers);
}

export interface BenchPage {
  openSession: typeof openSession;
  session?: Session;
}

(globalThis as { bench?: BenchPage }).bench = { openSession };
