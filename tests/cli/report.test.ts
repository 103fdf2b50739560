import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder, wasmgrad } from '../support/cli.ts';
import { readEvent, records } from '../support/events.ts';
import { expectStandalone } from '../support/html.ts';

const folder = temporaryFolder();
const cwd = folder.path;
afterAll(() => folder[Symbol.dispose]());
const inFolder = (line: string) => wasmgrad(line, { cwd });
const read = (path: string) => readFileSync(join(cwd, path), 'utf8');

beforeAll(() => {
  const rows = Array.from(
    { length: 120 },
    (_, i) => `${i % 7},${['<b>', 'c'][i % 2]},${i % 3 ? 'yes' : 'no'}`,
  );
  writeFileSync(join(cwd, 'noise.csv'), `n,"k<",answer\n${rows.join('\n')}\n`);
});

describe('the page of a run', () => {
  test('is written by train, with event files where they are asked for', () => {
    const { status, stdout } = inFolder(
      'train --data noise.csv --epochs 3 --out run --tensorboard tb',
    );
    expect(status).toBe(0);
    expect(stdout).toContain('\npage to look at: run/report.html\n');
    const page = read('run/report.html');
    expectStandalone(page, { pictures: true });
    expect(page).toContain('<td>&lt;b&gt;</td>');
    expect(page).toContain('Weights over time');
    const [name] = readdirSync(join(cwd, 'tb/train'));
    const events = records(readFileSync(join(cwd, 'tb/train', name as string))).map(readEvent);
    expect(events.slice(1).map((e) => e.scalars['epoch_loss'])).toEqual(
      (JSON.parse(read('run/report.json')).history.loss as number[]).map(Math.fround),
    );
  });

  test('is written again from what the run left', () => {
    const page = read('run/report.html');
    rmSync(join(cwd, 'run/report.html'));
    expect(inFolder('report run')).toMatchObject({ status: 0, stdout: 'run/report.html\n' });
    expect(read('run/report.html')).toBe(page);
    expect(inFolder('report run/report.json --out there/page.html').status).toBe(0);
    expect(read('there/page.html')).toBe(page);
    rmSync(join(cwd, 'run/details.json'));
    expect(inFolder('report run').status).toBe(0);
    expect(read('run/report.html')).toContain('Learning curves');
  });

  test('--no-report leaves it out', () => {
    const { stdout } = inFolder('train --data noise.csv --epochs 1 --out bare --no-report');
    expect(stdout).not.toContain('report.html');
    expect(readdirSync(join(cwd, 'bare')).sort()).toEqual([
      'model.json',
      'report.json',
      'weights.safetensors',
    ]);
  });

  test.each([
    ['report', 2, 'which run?'],
    ['report nowhere', 1, 'nowhere/report.json: no such file'],
    ['report run run', 2, 'unexpected argument'],
    ['report odd', 1, 'odd/report.json: is not the report of a run'],
    ['report torn', 1, 'torn/report.json: damaged JSON'],
    ['train --data noise.csv --tensorboard noise.csv', 1, 'noise.csv/train'],
  ])('wasmgrad %s is refused in words', (line, code, message) => {
    for (const [name, text] of [
      ['odd', '{"a":1}'],
      ['torn', '{"a"'],
    ] as const) {
      mkdirSync(join(cwd, name), { recursive: true });
      writeFileSync(join(cwd, name, 'report.json'), text);
    }
    const { status, stderr } = inFolder(line);
    expect(status).toBe(code);
    expect(stderr).toMatch(/wasmgrad: [^\n]+\n$/);
    expect(stderr).toContain(message);
  });
});
