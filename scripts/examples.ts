/**
 * Runs the examples, one after the other, and says which reach their targets: `npm run examples -- [NAME…]`. Ends with
 * code 1 if one fails; those whose data are absent are skipped.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { formatTable } from '../src/train/inspect.ts';

const root = join(import.meta.dirname, '..');
const known = readdirSync(join(root, 'examples'))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => basename(file, '.ts'));

const TARGET = /\btarget .* (reached|missed)$/;

type Result = 'reached' | 'missed' | 'failed' | 'skipped' | 'ran';

/** What an example printed, shown as it came, and how it ended. */
function run(name: string): Promise<{ output: string; code: number | null }> {
  const child = spawn(process.execPath, [join('examples', `${name}.ts`)], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    process.stdout.write(text.replace(/^(?=.)/gm, '  '));
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ output, code })));
}

function resultOf(output: string, targets: readonly string[], code: number | null): Result {
  if (/^skipped: /m.test(output)) return 'skipped';
  if (targets.some((line) => line.endsWith(' missed'))) return 'missed';
  if (code !== 0) return 'failed';
  return targets.length > 0 ? 'reached' : 'ran';
}

async function rowsOf(name: string): Promise<string[][]> {
  console.log(`${name}:`);
  const start = performance.now();
  const { output, code } = await run(name);
  const seconds = `${((performance.now() - start) / 1000).toFixed(1)} s`;
  const targets = output.split('\n').filter((line) => TARGET.test(line));
  const result = resultOf(output, targets, code);
  const shown = targets.map((line) => line.replace(/^target | (reached|missed)$/g, '').split(': '));
  const [first = ['–', ''], ...more] = shown as [target: string, value: string][];
  return [
    [name, seconds, ...first, result],
    ...more.map(([wanted, value]) => ['', '', wanted, value, '']),
  ];
}

const names = process.argv.length > 2 ? process.argv.slice(2) : known;
const unknown = names.find((name) => !known.includes(name));
if (unknown !== undefined) {
  console.error(`examples: no "${unknown}", there are ${known.join(', ')}`);
  process.exit(2);
}
const rows: string[][] = [];
for (const name of names) rows.push(...(await rowsOf(name)));
console.log(`\n${formatTable(['example', 'time', 'target', 'value', 'result'], rows)}`);
const results = rows.map((row) => row[4]).filter(Boolean);
const count = (...of: Result[]) => results.filter((r) => of.includes(r as Result)).length;
console.log(
  `${count('reached', 'ran')} of ${results.length} examples as they should be, ${count('skipped')} skipped, ${count('missed', 'failed')} not`,
);
if (count('missed', 'failed') > 0) process.exitCode = 1;
