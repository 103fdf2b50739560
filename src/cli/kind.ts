import { kindOf, listFolder } from '../data/file.ts';
import { isIdxFolder } from '../data/idxFolder.ts';
import { IMAGE } from '../data/unread.ts';
import { DataError } from '../runtime/errors.ts';

/** What lies at a path: folders of whole data sets, of loose images, single files. */
export type DataKind = 'csv' | 'idxFolder' | 'idxFile' | 'imageFolder' | 'images' | 'image';

const IDX_FILE = /[-.]idx\d-ubyte(\.gz)?$/;

/** Tells by names alone. Throws `DataError` for a path without data. */
export async function dataKind(path: string): Promise<DataKind> {
  if ((await kindOf(path)) === 'file') {
    if (IDX_FILE.test(path)) return 'idxFile';
    return IMAGE.test(path) ? 'image' : 'csv';
  }
  const entries = await listFolder(path);
  const files = entries.filter((e) => !e.folder).map((e) => e.name);
  if (isIdxFolder(files)) return 'idxFolder';
  if (files.some((name) => IMAGE.test(name))) return 'images';
  if (entries.some((e) => e.folder)) return 'imageFolder';
  throw new DataError(
    `${path}: no data: neither IDX files (train-images-idx3-ubyte and others) nor a folder of PNG or JPEG files for each class`,
  );
}
