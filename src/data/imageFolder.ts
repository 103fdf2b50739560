import type { Bytes } from '../formats/gzip.ts';
import { checkOptions, DataError, messageOf } from '../runtime/errors.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { baseName, fileBytes } from './file.ts';
import { IMAGE_OPTIONS, type ImageOptions, ImageStack, type Pixels } from './images.ts';
import type { ArrayData } from './table.ts';
import { checkTiff } from './tiff.ts';
import { ending, IMAGE, Unread } from './unread.ts';

/** Pixels from the bytes of an image file. */
export type Decoder = (bytes: Bytes) => Promise<Pixels>;

export interface ImageFolderOptions extends ImageOptions {
  /** Default: through the package sharp or jimp, whichever is installed. */
  readonly decode?: Decoder;
}

type PartName = Exclude<keyof DataSplits, 'notes'>;

const PARTS: Readonly<Record<string, PartName>> = {
  train: 'train',
  training: 'train',
  dev: 'dev',
  val: 'dev',
  valid: 'dev',
  validation: 'dev',
  test: 'test',
  testing: 'test',
};

interface Sharp {
  (bytes: Uint8Array): Sharp;
  /** Upright, as the file says. */
  rotate(): Sharp;
  toColourspace(space: string): Sharp;
  ensureAlpha(): Sharp;
  raw(): Sharp;
  toBuffer(options: {
    resolveWithObject: true;
  }): Promise<{ data: Uint8Array; info: { width: number; height: number } }>;
}

interface Jimp {
  readonly Jimp: { fromBuffer(bytes: ArrayBuffer): Promise<{ readonly bitmap: Pixels }> };
}

interface Package {
  /** Endings of the files that it reads. */
  readonly reads: RegExp;
  decoder(loaded: never): Decoder;
}

const PACKAGES: Readonly<Record<string, Package>> = {
  sharp: {
    reads: ending('webp|avif|gif|tiff?'),
    decoder:
      ({ default: sharp }: { default: Sharp }) =>
      async (bytes) => {
        checkTiff(bytes, 'sharp');
        const image = sharp(bytes).rotate().toColourspace('srgb').ensureAlpha().raw();
        const { data, info } = await image.toBuffer({ resolveWithObject: true });
        return { data, width: info.width, height: info.height };
      },
  },
  jimp: {
    reads: ending('gif|tiff?|bmp'),
    decoder:
      ({ Jimp }: Jimp) =>
      async (bytes) => {
        checkTiff(bytes, 'jimp');
        return (await Jimp.fromBuffer(new Uint8Array(bytes).buffer)).bitmap;
      },
  },
};

const ADVICE: Readonly<Record<string, string>> = {
  sharp: 'npm install sharp (faster)',
  jimp: 'npm install jimp (without native code)',
};

/** The format of a file by its name. */
function formatOf(path: string): string {
  const format = path.match(IMAGE)?.[1]?.toLowerCase() ?? 'image';
  return /^(png|j.*)$/.test(format) ? 'PNG or JPEG' : format.toUpperCase();
}

/** Pixels of a file, by the first package that loads and reads its format. Names are hidden from bundlers, which must not insist on them. */
async function findDecoder(path: string): Promise<Decoder> {
  const problems: string[] = [];
  const able = Object.entries(PACKAGES).filter(([, { reads }]) => reads.test(path));
  for (const [name, { decoder }] of able) {
    try {
      return decoder((await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as never);
    } catch (error) {
      const absent = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
      if (!absent) problems.push(` (${name}: ${messageOf(error).split('\n')[0]})`);
    }
  }
  const advice = able.map(([name]) => ADVICE[name]).join(' or ');
  throw new DataError(
    `${path}: reading ${formatOf(path).replace(' or ', ' and ')} files needs a package: ${advice}${problems.join('')}`,
  );
}

/** The decoder for each format, looked for once. */
function decoders({ decode }: ImageFolderOptions): (path: string) => Promise<Decoder> {
  const found = new Map<string, Promise<Decoder>>();
  return async (path) => {
    if (decode) return decode;
    const format = formatOf(path);
    const known = found.get(format) ?? findDecoder(path);
    found.set(format, known);
    return known;
  };
}

export async function readImageFolder(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<DataSplits> {
  checkOptions('readImageFolder', options, [...IMAGE_OPTIONS, 'decode']);
  const unread = new Unread();
  const found = await partFiles(folder, unread);
  const notes = unread.notes();
  const classNames = namesOf(folder, found, notes);
  const decode = decoders(options);
  const name = baseName(folder);
  const splits = new Map<PartName, Dataset>();
  let common: ImageOptions = options;
  for (const [part, classes] of found) {
    const { x, y } = await readClasses(classes, classNames, decode, common);
    const [, height = 0, width = 0, ...colours] = x.shape;
    common = { ...options, size: [height, width], channels: colours.length > 0 ? 3 : 1 };
    splits.set(part, { name, task: 'classification', x, y, classNames });
  }
  const parts = Object.fromEntries(splits) as Record<'train', Dataset>;
  return notes.length > 0 ? { ...parts, notes } : parts;
}

/** Paths of the images of each class. */
type ClassFiles = ReadonlyMap<string, readonly string[]>;

/** Names of all classes, in order. */
function namesOf(
  folder: string,
  found: ReadonlyMap<PartName, ClassFiles>,
  notes: readonly string[],
): string[] {
  const names = [...new Set([...found.values()].flatMap((classes) => [...classes.keys()]))].sort();
  const refuse = (problem: string) => {
    throw new DataError([`${folder}: ${problem}`, ...notes].join('; '));
  };
  if (names.length === 0)
    refuse('no images, expected a folder of PNG or JPEG files for each class');
  if (names.length === 1) refuse(`images of one class only ("${names[0]}")`);
  for (const [part, classes] of found) if (classes.size === 0) refuse(`no images for ${part}`);
  return names;
}

/** Images of each part by class, training first. */
async function partFiles(folder: string, unread: Unread): Promise<Map<PartName, ClassFiles>> {
  const inner = await unread.folders(folder);
  const found = new Map<PartName, ClassFiles>();
  for (const [part, at] of partsOf(folder, inner)) {
    const names = at === '' ? inner : await unread.folders(`${folder}/${at}`, at);
    const classes = new Map<string, string[]>();
    for (const name of names) {
      const path = `${folder}/${at}${name}`;
      const images = await unread.images(path, `${at}${name}/`);
      if (images.length === 0) unread.missing(`${at}${name}`);
      else
        classes.set(
          name,
          images.map((image) => `${path}/${image}`),
        );
    }
    found.set(part, classes);
  }
  return found;
}

/** Parts with the start of their paths, training first. */
function partsOf(folder: string, inner: readonly string[]): [PartName, string][] {
  const named = inner.flatMap((name) => {
    const part = PARTS[name.toLowerCase()];
    return part ? [[part, `${name}/`] as [PartName, string]] : [];
  });
  const train = named.filter(([part]) => part === 'train');
  if (train.length === 0 || named.length < inner.length) return [['train', '']];
  if (new Set(named.map(([part]) => part)).size < named.length)
    throw new DataError(`${folder}: two folders for one part (${inner.join(', ')})`);
  return [...train, ...named.filter(([part]) => part !== 'train')];
}

async function readClasses(
  classes: ClassFiles,
  classNames: readonly string[],
  decode: (path: string) => Promise<Decoder>,
  options: ImageOptions,
) {
  const stack = new ImageStack(options);
  const labels: number[] = [];
  for (const [name, paths] of classes) {
    for (const path of paths) {
      stack.add(await decoded(path, await decode(path)), path);
      labels.push(classNames.indexOf(name));
    }
  }
  return { x: stack.take(), y: Int32Array.from(labels) };
}

/** Image files as one array, brought to one size. Node only. */
export async function readImages(
  paths: readonly string[],
  options: ImageFolderOptions = {},
): Promise<ArrayData> {
  const decode = decoders(options);
  const stack = new ImageStack(options);
  for (const path of paths) stack.add(await decoded(path, await decode(path)), path);
  return stack.take();
}

async function decoded(path: string, decode: Decoder): Promise<Pixels> {
  const bytes = await fileBytes(path);
  try {
    return await decode(bytes);
  } catch (cause) {
    throw new DataError(
      `${path}: not a ${formatOf(path)} that can be read (${messageOf(cause).split('\n')[0]})`,
      { cause },
    );
  }
}
