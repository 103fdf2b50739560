import type { Bytes } from '../formats/gzip.ts';
import { checkOptions, DataError, messageOf } from '../runtime/errors.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { baseName, type Entry, fileBytes, listFolder } from './file.ts';
import { IMAGE_OPTIONS, type ImageOptions, ImageStack, type Pixels } from './images.ts';
import type { ArrayData } from './table.ts';

/** Pixels from the bytes of an image file. */
export type Decoder = (bytes: Bytes) => Promise<Pixels>;

export interface ImageFolderOptions extends ImageOptions {
  /** Default: through the package sharp or jimp, whichever is installed. */
  readonly decode?: Decoder;
}

/** How names of image files end: PNG, JPEG, and what one of the packages reads. */
export const IMAGE = /\.(png|jpe?g|webp|avif|gif|tiff?|bmp)$/i;
/** Files that lie beside images and are none. */
const BESIDE = /\.(txt|md|json|csv|tsv|xml|ya?ml|html?|ini|db|log)$/i;
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
    reads: /\.(png|jpe?g|webp|avif|gif|tiff?)$/i,
    decoder:
      ({ default: sharp }: { default: Sharp }) =>
      async (bytes) => {
        const image = sharp(bytes).rotate().toColourspace('srgb').ensureAlpha().raw();
        const { data, info } = await image.toBuffer({ resolveWithObject: true });
        return { data, width: info.width, height: info.height };
      },
  },
  jimp: {
    reads: /\.(png|jpe?g|gif|tiff?|bmp)$/i,
    decoder:
      ({ Jimp }: Jimp) =>
      async (bytes) =>
        (await Jimp.fromBuffer(new Uint8Array(bytes).buffer)).bitmap,
  },
};

const ADVICE: Readonly<Record<string, string>> = {
  sharp: 'npm install sharp (faster)',
  jimp: 'npm install jimp (without native code)',
};

/** The format of a file by its name. */
function formatOf(path: string): string {
  const ending = path.match(IMAGE)?.[1]?.toLowerCase() ?? 'image';
  return /^(png|jpe?g)$/.test(ending) ? 'PNG or JPEG' : ending.toUpperCase();
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

/** Whether a folder holds images by class, or by part and class. */
export async function isImageFolder(folder: string): Promise<boolean> {
  for (const { name, folder: inner } of await listFolder(folder)) {
    if (!inner) continue;
    const entries = await listFolder(`${folder}/${name}`);
    if (entries.some((e) => IMAGE.test(e.name))) return true;
    if (!PARTS[name.toLowerCase()]) continue;
    for (const e of entries) {
      if (e.folder && (await imagesIn(`${folder}/${name}/${e.name}`)).length > 0) return true;
    }
  }
  return false;
}

/** Names of the images in a folder. */
export async function imagesIn(folder: string): Promise<string[]> {
  return (await listFolder(folder))
    .filter((e) => !e.folder && IMAGE.test(e.name))
    .map((e) => e.name);
}

export async function readImageFolder(
  folder: string,
  options: ImageFolderOptions = {},
): Promise<DataSplits> {
  checkOptions('readImageFolder', options, [...IMAGE_OPTIONS, 'decode']);
  const inner = (await listFolder(folder)).filter((e) => e.folder);
  const parts = partsOf(folder, inner);
  const unread: string[] = [];
  const found = new Map<PartName, ClassFiles>();
  for (const [part, path] of parts) found.set(part, await classFiles(path, unread));
  const classNames = [
    ...new Set([...found.values()].flatMap((classes) => [...classes.keys()])),
  ].sort();
  if (classNames.length === 0)
    throw new DataError(
      `${folder}: no images, expected a folder of PNG or JPEG files for each class${unreadText(unread)}`,
    );
  if (classNames.length === 1)
    throw new DataError(
      `${folder}: images of one class only ("${classNames[0]}")${unreadText(unread)}`,
    );
  const decode = decoders(options);
  const name = baseName(folder);
  const splits = new Map<PartName, Dataset>();
  let common: ImageOptions = options;
  for (const [part, classes] of found) {
    const { x, y } = await readClasses(classes, classNames, decode, common);
    if (y.length === 0) throw new DataError(`${folder}: no images for ${part}`);
    const [, height = 0, width = 0, ...colours] = x.shape;
    common = { ...options, size: [height, width], channels: colours.length > 0 ? 3 : 1 };
    splits.set(part, { name, task: 'classification', x, y, classNames });
  }
  const notes = unread.length > 0 ? { notes: [unreadText(unread).slice(2)] } : {};
  return { ...(Object.fromEntries(splits) as Record<'train', Dataset>), ...notes };
}

/** "; 3 files not read: a, b, c"; nothing where all were. */
export function unreadText(unread: readonly string[]): string {
  if (unread.length === 0) return '';
  const [n, more] = [unread.length, unread.length > 8 ? ', …' : ''];
  return `; ${n} ${n === 1 ? 'file' : 'files'} not read: ${unread.slice(0, 8).join(', ')}${more}`;
}

/** Whether a file that is no known image may be one. */
export function isUnread(name: string): boolean {
  return !IMAGE.test(name) && !BESIDE.test(name);
}

/** Folders of the parts, training first. */
function partsOf(folder: string, inner: readonly Entry[]): [PartName, string][] {
  const named = inner.flatMap((e) => {
    const part = PARTS[e.name.toLowerCase()];
    return part ? [[part, `${folder}/${e.name}`] as [PartName, string]] : [];
  });
  const train = named.filter(([part]) => part === 'train');
  if (train.length === 0 || named.length < inner.length) return [['train', folder]];
  if (new Set(named.map(([part]) => part)).size < named.length) {
    throw new DataError(
      `${folder}: two folders for one part (${inner.map((e) => e.name).join(', ')})`,
    );
  }
  return [...train, ...named.filter(([part]) => part !== 'train')];
}

/** Paths of the images of each class. */
type ClassFiles = ReadonlyMap<string, readonly string[]>;

/** Images by class; names of files that are not read go to `unread`. */
async function classFiles(folder: string, unread: string[]): Promise<ClassFiles> {
  const classes = new Map<string, string[]>();
  for (const e of await listFolder(folder)) {
    if (!e.folder) continue;
    const files = (await listFolder(`${folder}/${e.name}`)).filter((file) => !file.folder);
    const images = files.filter(({ name }) => IMAGE.test(name));
    for (const { name } of files) if (isUnread(name)) unread.push(`${e.name}/${name}`);
    if (images.length > 0)
      classes.set(
        e.name,
        images.map(({ name }) => `${folder}/${e.name}/${name}`),
      );
  }
  return classes;
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
