import type { Bytes } from '../formats/gzip.ts';
import { checkOptions, DataError, messageOf } from '../runtime/errors.ts';
import type { DataSplits, Dataset } from './dataset.ts';
import { baseName, type Entry, fileBytes, listFolder } from './file.ts';
import { IMAGE_OPTIONS, type ImageOptions, ImageStack, type Pixels } from './images.ts';
import type { ArrayData } from './table.ts';

/** Pixels from the bytes of a PNG or JPEG file. */
export type Decoder = (bytes: Bytes) => Promise<Pixels>;

export interface ImageFolderOptions extends ImageOptions {
  /** Default: through the package sharp or jimp, whichever is installed. */
  readonly decode?: Decoder;
}

/** How names of image files end. */
export const IMAGE = /\.(png|jpe?g)$/i;
const PARTS: Readonly<Record<string, keyof DataSplits>> = {
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

const PACKAGES: Readonly<Record<string, (loaded: never) => Decoder>> = {
  sharp:
    ({ default: sharp }: { default: Sharp }) =>
    async (bytes) => {
      const image = sharp(bytes).rotate().toColourspace('srgb').ensureAlpha().raw();
      const { data, info } = await image.toBuffer({ resolveWithObject: true });
      return { data, width: info.width, height: info.height };
    },
  jimp:
    ({ Jimp }: Jimp) =>
    async (bytes) =>
      (await Jimp.fromBuffer(new Uint8Array(bytes).buffer)).bitmap,
};

/** The first of the packages that loads. Their names are hidden from bundlers, which must not insist on them. */
async function findDecoder(): Promise<Decoder> {
  const problems: string[] = [];
  for (const [name, decoder] of Object.entries(PACKAGES)) {
    try {
      return decoder((await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as never);
    } catch (error) {
      const absent = (error as { code?: string }).code === 'ERR_MODULE_NOT_FOUND';
      if (!absent) problems.push(` (${name}: ${messageOf(error).split('\n')[0]})`);
    }
  }
  throw new DataError(
    `reading PNG and JPEG files needs a package: npm install sharp (faster) or npm install jimp (without native code)${problems.join('')}`,
  );
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

/** Names of the PNG and JPEG files in a folder. */
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
  const found = new Map<keyof DataSplits, ClassFiles>();
  for (const [part, path] of parts) found.set(part, await classFiles(path));
  const classNames = [
    ...new Set([...found.values()].flatMap((classes) => [...classes.keys()])),
  ].sort();
  if (classNames.length === 0)
    throw new DataError(
      `${folder}: no images, expected a folder of PNG or JPEG files for each class`,
    );
  if (classNames.length === 1)
    throw new DataError(`${folder}: images of one class only ("${classNames[0]}")`);
  const decode = options.decode ?? (await findDecoder());
  const name = baseName(folder);
  const splits = new Map<keyof DataSplits, Dataset>();
  let common: ImageOptions = options;
  for (const [part, classes] of found) {
    const { x, y } = await readClasses(classes, classNames, decode, common);
    if (y.length === 0) throw new DataError(`${folder}: no images for ${part}`);
    const [, height = 0, width = 0, ...colours] = x.shape;
    common = { ...options, size: [height, width], channels: colours.length > 0 ? 3 : 1 };
    splits.set(part, { name, task: 'classification', x, y, classNames });
  }
  return Object.fromEntries(splits) as Record<'train', Dataset>;
}

/** Folders of the parts, training first. */
function partsOf(folder: string, inner: readonly Entry[]): [keyof DataSplits, string][] {
  const named = inner.flatMap((e) => {
    const part = PARTS[e.name.toLowerCase()];
    return part ? [[part, `${folder}/${e.name}`] as [keyof DataSplits, string]] : [];
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

async function classFiles(folder: string): Promise<ClassFiles> {
  const classes = new Map<string, string[]>();
  for (const e of await listFolder(folder)) {
    if (!e.folder) continue;
    const images = await imagesIn(`${folder}/${e.name}`);
    if (images.length > 0)
      classes.set(
        e.name,
        images.map((file) => `${folder}/${e.name}/${file}`),
      );
  }
  return classes;
}

async function readClasses(
  classes: ClassFiles,
  classNames: readonly string[],
  decode: Decoder,
  options: ImageOptions,
) {
  const stack = new ImageStack(options);
  const labels: number[] = [];
  for (const [name, paths] of classes) {
    for (const path of paths) {
      stack.add(await decoded(path, decode), path);
      labels.push(classNames.indexOf(name));
    }
  }
  return { x: stack.take(), y: Int32Array.from(labels) };
}

/** PNG and JPEG files as one array of images, brought to one size. Node only. */
export async function readImages(
  paths: readonly string[],
  options: ImageFolderOptions = {},
): Promise<ArrayData> {
  const decode = options.decode ?? (await findDecoder());
  const stack = new ImageStack(options);
  for (const path of paths) stack.add(await decoded(path, decode), path);
  return stack.take();
}

async function decoded(path: string, decode: Decoder): Promise<Pixels> {
  const bytes = await fileBytes(path);
  try {
    return await decode(bytes);
  } catch (cause) {
    throw new DataError(
      `${path}: not a PNG or JPEG that can be read (${messageOf(cause).split('\n')[0]})`,
      { cause },
    );
  }
}
