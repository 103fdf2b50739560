import { expect, test } from 'vitest';
import { problemsOf, type Tree } from '../../scripts/release.ts';

const READY: Tree = {
  manifest: { version: '1.2.3', repository: 'https://example.com' },
  sourceVersion: '1.2.3',
  changelog: '# Changelog\n\n## [1.2.3] – 2026-11-21\n\n## [1.2.2] – unreleased\n',
  changes: '',
  tags: ['v1.2.2'],
};

test('a release that is ready has no problem', () => expect(problemsOf(READY)).toEqual([]));

test.each<[Partial<Tree>, RegExp]>([
  [{ changes: ' M src/index.ts\n' }, /not clean:\n M src\/index\.ts$/],
  [{ sourceVersion: '1.2.2' }, /version\.ts says 1\.2\.2, package\.json 1\.2\.3/],
  [{ changelog: '## [1.2.2] – 2026-11-21' }, /no entry for 1\.2\.3/],
  [{ changelog: '## [1.2.3] – unreleased' }, /expected .*YYYY-MM-DD.* got .*unreleased/],
  [{ tags: ['v1.2.3'] }, /tag v1\.2\.3 exists/],
  [{ manifest: { version: '1.2.3' } }, /no `repository`.*set it to .*"url": "git\+https:/],
])('%o stands in the way', (change, expected) => {
  expect(problemsOf({ ...READY, ...change })).toEqual([expect.stringMatching(expected)]);
});
