/**
 * Every command that the program prints, that its help shows and that the documents name runs as it stands, by a shell in a
 * folder with the package, where the files that they name are small. Lines that train on the built-in digits or by a convolution,
 * which takes a minute, have `--epochs 1` behind them. FOLDER is one with images. Commands named alone in a text run with `--help`. Scripts of npm have to
 * be there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../src/cli/commands.ts';
import { generalHelp } from '../../src/cli/help.ts';
import { digits } from '../../src/data/synthetic/index.ts';
import { splitDataset, writeIdxFolder } from '../../src/index.ts';
import { temporaryFolder } from '../support/cli.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const TIMEOUT = 180_000;
const home = temporaryFolder();
const project = join(home.path, 'project');
afterAll(() => home[Symbol.dispose]());

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const manifest = JSON.parse(read('package.json'));
const MAIN = join(ROOT, 'src/cli/main.ts');

function csv(columns: readonly string[], row: (i: number) => readonly (string | number)[]): string {
  const rows = Array.from({ length: 60 }, (_, i) => row(i).join(','));
  return `${[columns.join(','), ...rows].join('\n')}\n`;
}

const iris = csv(['length', 'width', 'species'], (i) => [
  1 + (i % 3) + (i % 7) / 20,
  3 - (i % 3) + (i % 5) / 20,
  ['setosa', 'virginica', 'versicolor'][i % 3] as string,
]);
const houses = csv(['size', 'rooms', 'price'], (i) => [
  40 + i * 2,
  1 + (i % 5),
  90.5 + i * 4.25 + (i % 5),
]);
const sales = csv(['customer', 'year', 'amount', 'bought'], (i) => [
  7000 + (i % 4),
  2001 + i,
  (i * 7) % 23,
  i % 4 < 2 ? 'yes' : 'no',
]);

beforeAll(async () => {
  mkdirSync(join(project, 'node_modules/.bin'), { recursive: true });
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({
      private: true,
      type: 'module',
      scripts: { start: manifest.scripts.start.replace('src/cli/main.ts', MAIN) },
    }),
  );
  symlinkSync(ROOT, join(project, 'node_modules/wasmgrad'), 'dir');
  const binary = `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`;
  writeFileSync(join(project, 'node_modules/.bin/wasmgrad'), binary, { mode: 0o755 });
  const files = { 'iris.csv': iris, 'new.csv': iris, 'houses.csv': houses, 'sales.csv': sales };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(project, name), text);
  const set = digits(120);
  const { train, test: held } = await splitDataset(set, { fractions: { train: 0.8, test: 0.2 } });
  const splits = { train, ...(held ? { test: held } : {}) };
  await writeIdxFolder(join(project, 'mnist'), splits);
  mkdirSync(join(home.path, 'shared/data'), { recursive: true });
  await writeIdxFolder(join(home.path, 'shared/data/fashion-mnist'), splits);
}, TIMEOUT);

/** Runs a line as the user types it. */
function shell(line: string, cwd = project, input = '') {
  const { NO_COLOR: _, FORCE_COLOR: __, DEBUG: ___, ...rest } = process.env;
  const env = { ...rest, WASMGRAD_THREADS: '2', npm_config_update_notifier: 'false' };
  const { status, stdout, stderr } = spawnSync('sh', ['-c', line], {
    cwd,
    env,
    input,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${line}: ended with ${status}: ${stderr.slice(-2000)}`);
  return stdout;
}

function shortened(line: string): string {
  const long = /wasmgrad train/.test(line) && (!/--data/.test(line) || /cnn/.test(line));
  return long || /npm start$/.test(line)
    ? `${line.replace(/npm start$/, 'npm start --')} --epochs 1`
    : line;
}

/** Lines of the shell in a document, without comments, and commands that a text names. */
function linesOf(path: string): string[] {
  const text = read(path);
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, b]) =>
    (b as string).split('\n'),
  );
  const named = [...text.replace(/```.*?```/gs, '').matchAll(/`((?:npx|npm|node) [^`]+)`/g)];
  return [
    ...blocks.map((l) => l.replace(/\s+#.*/, '').trim()),
    ...named.map(([, c]) => c as string),
  ]
    .flatMap((line) => line.split(' && '))
    .filter((line) => line !== '');
}

const DOCUMENTS = [
  'README.md',
  'CONTRIBUTING.md',
  'ARCHITECTURE.md',
  'docs/course.md',
  'docs/support.md',
];
const named = [...new Set(DOCUMENTS.flatMap(linesOf))];
const isOurs = (line: string) => /^npx wasmgrad|^npm start/.test(line);

const shown = [
  ...Object.values(commands).flatMap(({ examples = [] }) => examples.map(([line]) => line)),
  ...named.filter(isOurs),
];
/** Those that train come first: the others ask what they left. */
const lines = [...new Set(shown)].sort(
  (a, b) => Number(/\b(train|start)\b/.test(b)) - Number(/\b(train|start)\b/.test(a)),
);

test('examples and documents are found', () => {
  expect(lines.length).toBeGreaterThan(18);
  for (const line of lines) expect(line).toMatch(/npx wasmgrad|npm start/);
  expect(generalHelp(commands)).toContain('npx wasmgrad <command> --help');
});

test.each(lines)(
  '%s',
  (line) => {
    const alone = /^npx wasmgrad \w+$/.test(line) && !/train|gradcheck|info/.test(line);
    const whole = line.replace('FOLDER', 'mnist');
    expect(shell(alone ? `${whole} --help` : shortened(whole))).not.toBe('');
  },
  TIMEOUT,
);

describe('the last line of a run', () => {
  test.each(['--data iris.csv', '--data "with space.csv"', ''])(
    'behind train %s',
    (options) => {
      writeFileSync(join(project, 'with space.csv'), iris);
      const printed = shell(shortened(`npx wasmgrad train ${options}`));
      const line = printed.trimEnd().split('\n').at(-1) as string;
      expect(line).toMatch(/^ask it: npx wasmgrad predict runs\//);
      const input = `[${new Array(28 * 28).fill(0)}]\n`;
      expect(shell(line.slice('ask it: '.length), project, input)).not.toBe('');
    },
    TIMEOUT,
  );
});

test(
  'the checkout knows the command',
  () => {
    expect(shell('npx wasmgrad info', ROOT)).toMatch(/^build/m);
  },
  TIMEOUT,
);

test.each(named.filter((line) => !isOurs(line)))('%s names what is there', (line) => {
  const [, script] = /^npm (?:run )?([\w:]+)/.exec(line) ?? [];
  const [, binary] = /^npx (\w+)/.exec(line) ?? [];
  const [, file] = /^node ([\w./-]+)/.exec(line) ?? [];
  if (script) expect([...Object.keys(manifest.scripts), 'install', 'ci']).toContain(script);
  if (binary) expect(existsSync(join(ROOT, 'node_modules/.bin', binary))).toBe(true);
  if (file?.includes('/') && !/[A-Z]{4}/.test(file))
    expect(existsSync(join(ROOT, file))).toBe(true);
});
