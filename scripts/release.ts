/**
 * A release of the version in package.json. `npm run release -- --dry-run` checks, tests, builds and packs, says what
 * stands in the way, and publishes nothing; `--publish` publishes with provenance and tags, in CI alone.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { VERSION } from '../src/runtime/version.ts';

const root = join(import.meta.dirname, '..');

export interface Tree {
  readonly manifest: { readonly version: string; readonly repository?: unknown };
  /** The version that is written into saved models. */
  readonly sourceVersion: string;
  readonly changelog: string;
  /** Lines of `git status --porcelain`. */
  readonly changes: string;
  readonly tags: readonly string[];
}

const NO_REPOSITORY =
  'package.json has no `repository`, which npm checks provenance by: set it to the public repository whose CI publishes, as ' +
  '"repository": { "type": "git", "url": "git+https://github.com/OWNER/NAME.git" }';

/** One sentence for each thing that is not ready. */
export function problemsOf(tree: Tree): string[] {
  const { version, repository } = tree.manifest;
  const heading = tree.changelog.split('\n').find((line) => line.startsWith(`## [${version}]`));
  const problems: [boolean, string][] = [
    [tree.changes.trim() !== '', `the tree is not clean:\n${tree.changes.trimEnd()}`],
    [
      tree.sourceVersion !== version,
      `src/runtime/version.ts says ${tree.sourceVersion}, package.json ${version}`,
    ],
    [heading === undefined, `CHANGELOG.md has no entry for ${version}`],
    [
      heading !== undefined && !/ – \d{4}-\d\d-\d\d$/.test(heading),
      `CHANGELOG.md: expected "## [${version}] – YYYY-MM-DD", got "${heading}"`,
    ],
    [tree.tags.includes(`v${version}`), `the tag v${version} exists`],
    [repository === undefined, NO_REPOSITORY],
  ];
  return problems.flatMap(([wrong, text]) => (wrong ? [text] : []));
}

function output(command: string, ...args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout;
}

/** Shows what the command prints; false when it fails. */
function succeeds(command: string, ...args: readonly string[]): boolean {
  console.log(`release: ${command} ${args.join(' ')}`);
  const shell = process.platform === 'win32';
  return spawnSync(command, args, { cwd: root, stdio: 'inherit', shell }).status === 0;
}

function readTree(): Tree {
  return {
    manifest: JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')),
    sourceVersion: VERSION,
    changelog: readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    changes: output('git', 'status', '--porcelain'),
    tags: output('git', 'tag', '--list').trim().split('\n'),
  };
}

/** Tests, builds and packs into `folder`, then hands the tarball to npm, which sends it if `publish`. */
function release(folder: string, publish: boolean, test: boolean): string[] {
  const steps = [['run', 'build'], ...(test ? [['test']] : [])];
  for (const step of steps) if (!succeeds('npm', ...step)) return [`npm ${step.join(' ')} failed`];
  const args = ['--ignore-scripts', '--json', '--pack-destination', folder];
  const [{ filename }] = JSON.parse(output('npm', 'pack', ...args));
  const how = publish ? ['--provenance'] : ['--dry-run'];
  return succeeds('npm', 'publish', join(folder, filename), '--access', 'public', ...how)
    ? []
    : ['npm publish failed'];
}

function main(publish: boolean, test: boolean): void {
  const tree = readTree();
  const problems = problemsOf(tree);
  if (publish && !process.env['ACTIONS_ID_TOKEN_REQUEST_URL'])
    problems.push('--publish works in CI with `id-token: write` alone');
  if (!publish || problems.length === 0) {
    const folder = mkdtempSync(join(tmpdir(), 'wasmgrad-release-'));
    problems.push(...release(folder, publish, test));
    rmSync(folder, { recursive: true, force: true });
  }
  for (const problem of problems) console.error(`release: ${problem}`);
  process.exitCode = problems.length > 0 ? 1 : 0;
  const tag = `v${tree.manifest.version}`;
  if (problems.length > 0) console.error('release: not ready');
  else if (!publish) console.log(`release: ${tag} is ready`);
  else succeeds('git', 'tag', tag) && succeeds('git', 'push', 'origin', tag);
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      'dry-run': { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      'skip-tests': { type: 'boolean', default: false },
    },
  });
  if (values['dry-run'] === values.publish) {
    console.error('release: npm run release -- --dry-run | --publish [--skip-tests]');
    process.exitCode = 2;
  } else main(values.publish, !values['skip-tests']);
}
