import { afterEach, expect, test, vi } from 'vitest';
import { loadIdxSet } from '../../src/data/idxSet.ts';
import { smallIdxSet } from '../support/idxSet.ts';
import { expectQuietConsole } from './support/page.ts';

expectQuietConsole();
afterEach(() => caches.delete('wasmgrad'));

test('downloads, goes on behind a cut, and keeps the files in the cache of the page', async () => {
  const { set, files } = await smallIdxSet('https://host.invalid/sets/');
  const asked: string[] = [];
  const answer = async (url: string, { headers }: { headers: Record<string, string> }) => {
    asked.push(headers['range'] ?? '');
    const bytes = files.get(url.split('/').at(-1) as string) as Uint8Array<ArrayBuffer>;
    if (asked.length === 1) {
      return new Response(bytes.slice(0, 9), {
        headers: { 'content-length': String(bytes.length) },
      });
    }
    const from = Number(headers['range']?.slice('bytes='.length, -1) ?? 0);
    return new Response(bytes.slice(from), { status: from > 0 ? 206 : 200 });
  };
  vi.stubGlobal('fetch', answer);
  const { train, test } = await loadIdxSet(set, { retryDelay: 1 });
  expect([train.x.shape, test?.x.shape]).toEqual([
    [6, 4, 4],
    [4, 4, 4],
  ]);
  expect(asked).toEqual(['', 'bytes=9-', '', '', '']);
  vi.stubGlobal('fetch', () => Promise.reject(new Error('offline')));
  expect(await loadIdxSet(set, { retries: 0 })).toEqual({ train, test });
  vi.unstubAllGlobals();
});
