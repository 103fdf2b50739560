/**
 * Hashes of the training runs of tests/support/runs.ts, by build, also for machines that do not fuse products and sums:
 * `npm run golden:runs` writes tests/golden/runs.json, `node scripts/runs.ts --print` prints those of this machine.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Hashes, hashesHere, RUNS_FILE } from '../tests/support/runs.ts';

/** V8 computes as on an x86-64 processor without FMA; elsewhere the flag changes nothing. */
const NO_FMA = '--no-enable-fma3';

/** The hashes that a process without fused operations gets. */
export function hashesNotFused(): Hashes {
  const args = [NO_FMA, fileURLToPath(import.meta.url), '--print'];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Hashes;
}

export function readHashes(): Hashes {
  return JSON.parse(readFileSync(RUNS_FILE, 'utf8')) as Hashes;
}

/** What was known of other machines stays for them to write. */
async function write(): Promise<void> {
  const parts = [readHashes(), hashesNotFused(), await hashesHere()];
  const names = Object.keys(parts[2] as Hashes);
  const all = Object.fromEntries(
    names.map((name) => [name, Object.assign({}, ...parts.map((p) => p[name]))]),
  );
  writeFileSync(RUNS_FILE, `${JSON.stringify(all, null, 2)}\n`);
}

if (import.meta.main) {
  if (process.argv.includes('--print')) console.log(JSON.stringify(await hashesHere()));
  else await write();
}
