import { join } from 'node:path';
import { rowsOf, table } from '../data/table.ts';
import { batchCost, detailsText, type RunDetails } from '../report/details.ts';
import type { RunReport } from '../report/json.ts';
import { runPage } from '../report/runPage.ts';
import type { Callback } from '../train/callbacks.ts';
import type { History } from '../train/history.ts';
import { type SignalRecorder, signalRecorder } from '../train/signals.ts';
import { tensorBoard } from '../train/tensorBoard.ts';
import type { Job } from './job.ts';
import { heldOut } from './load.ts';
import { machine } from './machine.ts';
import { findMistakes } from './mistakes.ts';
import { DETAILS_FILE, OutputFile, PAGE_FILE } from './output.ts';
import { findVision } from './vision.ts';

/** Snapshots in a training that takes all its epochs, beside the one at its start. */
const SNAPSHOTS = 24;
/** Examples whose activations are looked at. */
const PROBE = 100;

/** Watches a training for its page, and for TensorBoard. */
export class Watch {
  readonly callbacks: readonly Callback[];
  readonly #job: Job;
  readonly #recorder: SignalRecorder | undefined;

  constructor(job: Job) {
    const { options, data, settings } = job;
    this.#job = job;
    if (options.page) {
      const every = Math.max(1, Math.floor((data.examples * settings.epochs) / SNAPSHOTS));
      this.#recorder = signalRecorder({ every, probe: probeOf(job) });
    }
    const { tensorboard: logDir } = options;
    this.callbacks = [
      ...(this.#recorder ? [this.#recorder] : []),
      ...(logDir === undefined ? [] : [tensorBoard({ logDir })]),
    ];
  }

  /** Writes the page, and what it was made from. */
  async write(report: RunReport, history: History, folder: string): Promise<void> {
    if (!this.#recorder) return;
    const kept = detailsText(await this.#details(history, this.#recorder));
    const files = [
      [DETAILS_FILE, kept],
      [PAGE_FILE, runPage(report, JSON.parse(kept) as RunDetails)],
    ] as const;
    for (const [name, text] of files) {
      const file = await OutputFile.prepare(join(folder, name));
      await file.write(text);
    }
  }

  async #details({ batchLoss }: History, { snapshots }: SignalRecorder): Promise<RunDetails> {
    const { model, data } = this.#job;
    const [part, examples] = heldOut(data.splits);
    const { cpu, cores, os, node, date } = machine();
    return {
      date,
      machine: { cpu, cores, os, node },
      batchCost: batchCost(batchLoss),
      snapshots,
      part,
      ...(await findMistakes(model, examples, data.preprocessing)),
      ...(await findVision(model, examples)),
    };
  }
}

function probeOf({ data: { splits } }: Job) {
  const { x } = splits.dev ?? splits.train;
  const { data, shape, scale } = rowsOf(
    table('probe', x, 'values'),
    0,
    Math.min(PROBE, x.shape[0] ?? 0),
  );
  return { data, shape, scale };
}
