import { baseName, listFolder } from './file.ts';

/** How names of image files end: PNG, JPEG and `formats`, which are parts of a regular expression. */
export const ending = (formats: string) => new RegExp(`\\.(png|jpe?g|jpe|jfif|${formats})$`, 'i');

export const IMAGE = ending('webp|avif|gif|tiff?|bmp');
/** Files that lie beside images and are none. */
const BESIDE = /\.(txt|md|json|csv|tsv|xml|ya?ml|html?|ini|db|log)$/i;
const NAMED = 8;

/** Goes through folders of images and keeps the names of what is not read. */
export class Unread {
  readonly #files: string[] = [];
  readonly #beside: string[] = [];
  readonly #classes: string[] = [];

  /** Names of the images in a folder. What else lies there, at any depth, is not read; `at` stands before its name. */
  async images(path: string, at = ''): Promise<string[]> {
    const images: string[] = [];
    for (const { name, folder } of await listFolder(path)) {
      if (folder) await this.#allOf(`${path}/${name}`, `${at}${name}/`);
      else if (IMAGE.test(name)) images.push(name);
      else this.#add(`${at}${name}`);
    }
    return images;
  }

  /** Names of the folders in a folder; its files are not read. */
  async folders(path: string, at = ''): Promise<string[]> {
    const entries = await listFolder(path);
    for (const { name, folder } of entries) if (!folder) this.#add(`${at}${name}`);
    return entries.filter((e) => e.folder).map((e) => e.name);
  }

  /** The folder of a class has no image that can be read. */
  missing(path: string): void {
    this.#classes.push(path);
  }

  /** A line for each kind of what was not read, counted and named. */
  notes(): string[] {
    const classes = this.#classes.map(
      (path) => `class "${baseName(path)}" is missing: nothing in ${path} could be read`,
    );
    const beside = this.#beside.length === 1 ? 'that is no image' : 'that are no images';
    return [...classes, ...listed(this.#files, 'not read'), ...listed(this.#beside, beside)];
  }

  async #allOf(path: string, at: string): Promise<void> {
    for (const name of await this.images(path, at)) this.#add(`${at}${name}`);
  }

  #add(name: string): void {
    (BESIDE.test(name) ? this.#beside : this.#files).push(name);
  }
}

/** "3 files not read: a, b, c"; nothing where all were. */
function listed(names: readonly string[], what: string): string[] {
  const n = names.length;
  if (n === 0) return [];
  const more = n > NAMED ? ', …' : '';
  return [`${n} ${n === 1 ? 'file' : 'files'} ${what}: ${names.slice(0, NAMED).join(', ')}${more}`];
}
