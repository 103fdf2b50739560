/** What was built, and from what: a hash of both, so that only what has changed is built again. */
import { createHash } from 'node:crypto';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Built {
  /** Where the hash is kept. */
  readonly stamp: string;
  /** Patterns of the sources, and of the files that were made. */
  readonly sources: readonly string[];
  readonly outputs: readonly string[];
  /** Packages that make or go into the files. */
  readonly packages: readonly string[];
  /** Whatever else decides what is made. */
  readonly options?: unknown;
}

/** Whether the files are those that `stamp` was told of, from the sources, packages and options of now. */
export function isFresh(root: string, built: Built): boolean {
  try {
    return readFileSync(join(root, built.stamp), 'utf8') === hashOf(root, built);
  } catch {
    return false;
  }
}

export function stamp(root: string, built: Built): void {
  writeFileSync(join(root, built.stamp), hashOf(root, built));
}

/** Throws where files of a pattern are missing. */
function hashOf(root: string, { sources, outputs, packages, options }: Built): string {
  const hash = createHash('sha256').update(JSON.stringify(options ?? null));
  for (const name of packages) {
    const { version } = JSON.parse(
      readFileSync(join(root, `node_modules/${name}/package.json`), 'utf8'),
    );
    hash.update(`\n${name} ${version}`);
  }
  for (const pattern of [...sources, ...outputs]) {
    const paths = files(root, pattern);
    if (paths.length === 0) throw new Error(`no file matches ${pattern}`);
    for (const path of paths) {
      const bytes = readFileSync(join(root, path));
      hash.update(`\n${path.replaceAll('\\', '/')} ${bytes.length}\n`).update(bytes);
    }
  }
  return `${hash.digest('hex')}\n`;
}

function files(root: string, pattern: string): string[] {
  return globSync(pattern, { cwd: root, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort();
}
