import type { IdxSet } from '../../src/data/idxSet.ts';
import { idxFiles } from '../../src/data/idxSet.ts';
import { writeIdx } from '../../src/formats/idx.ts';

/** A data set in the format of MNIST with 6 training and 4 test images, its files by name. */
export async function smallIdxSet(baseUrl: string) {
  const part = async (n: number) => {
    const pixels = Uint8Array.from({ length: n * 16 }, (_, i) => (i * 37) % 256);
    const labels = Uint8Array.from({ length: n }, (_, i) => i % 3);
    const options = { gzip: true };
    return [
      await writeIdx({ data: pixels, shape: [n, 4, 4] }, options),
      await writeIdx({ data: labels, shape: [n] }, options),
    ];
  };
  const contents = [...(await part(6)), ...(await part(4))] as Uint8Array<ArrayBuffer>[];
  const sums = await Promise.all(contents.map(sha256));
  const { train, test } = idxFiles(sums as [string, string, string, string]);
  const names = [train.images, train.labels, test.images, test.labels].map(({ file }) => file);
  const set: IdxSet = { name: 'small', baseUrl, classNames: ['a', 'b', 'c'], train, test };
  return {
    set,
    files: new Map(names.map((name, i) => [name, contents[i] as Uint8Array<ArrayBuffer>])),
  };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('');
}
