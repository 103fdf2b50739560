import { DataError, messageOf, nearest, OptionError } from '../runtime/errors.ts';

const MAX_DEPTH = 256;

/** What JSON can hold. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

/**
 * JSON whose objects name no key twice, as a reader that checks what it is asked for. Throws `DataError` naming `file`.
 */
export function parseJson(bytes: Uint8Array, file: string): JsonReader {
  const text = decodeText(bytes, file);
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch (cause) {
    throw new DataError(`${file}: damaged JSON: ${messageOf(cause).replaceAll(/\s+/g, ' ')}`, {
      cause,
    });
  }
  checkStructure(text, file);
  return new JsonReader(value, file, '');
}

export function decodeText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DataError(`${file}: the text is not UTF-8`, { cause });
  }
}

/** Index behind the string that starts at `from`, in valid JSON. */
function endOfString(text: string, from: number): number {
  let at = from + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Throws where valid JSON names a key twice in one object, or is nested too deeply to be walked through. */
function checkStructure(text: string, file: string): void {
  const open: (Set<string> | null)[] = [];
  let key = false;
  for (let at = 0; at < text.length; at++) {
    const c = text[at];
    if (c === '"') {
      const end = endOfString(text, at);
      const keys = open.at(-1);
      if (key && keys) addKey(keys, text.slice(at, end), file);
      key = false;
      at = end - 1;
    } else if (c === '{' || c === '[') {
      open.push(c === '{' ? new Set() : null);
      if (open.length > MAX_DEPTH)
        throw new DataError(`${file}: more than ${MAX_DEPTH} lists and objects in each other`);
      key = c === '{';
    } else if (c === '}' || c === ']') open.pop();
    else if (c === ',') key = open.at(-1) !== null;
  }
}

function addKey(keys: Set<string>, quoted: string, file: string): void {
  const name = JSON.parse(quoted) as string;
  if (keys.has(name)) throw new DataError(`${file}: ${quoted} stands twice in one object`);
  keys.add(name);
}

/** A value of a JSON file, asked for what it should be; errors name the file and the place. */
export class JsonReader {
  readonly value: Json;
  readonly #file: string;
  readonly #path: string;

  constructor(value: Json, file: string, path: string) {
    this.value = value;
    this.#file = file;
    this.#path = path;
  }

  /** Throws `DataError`: file, place, what is wrong. */
  fail(problem: string, cause?: unknown): never {
    throw new DataError(
      `${this.#file}: ${this.#path ? `${this.#path}: ` : ''}${problem}`,
      cause ? { cause } : {},
    );
  }

  #expected(what: string): never {
    return this.fail(`expected ${what}, found ${brief(this.value)}`);
  }

  #child(value: Json, step: string): JsonReader {
    return new JsonReader(
      value,
      this.#file,
      this.#path ? `${this.#path}${step}` : step.replace(/^\./, ''),
    );
  }

  entries(): [string, JsonReader][] {
    const { value } = this;
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.#expected('an object');
    return Object.entries(value).map(([key, v]) => [
      key,
      this.#child(v, `.${brief(key).slice(1, -1)}`),
    ]);
  }

  optional(key: string): JsonReader | undefined {
    return this.entries().find(([k]) => k === key)?.[1];
  }

  get(key: string): JsonReader {
    return this.optional(key) ?? this.fail(`"${key}" is missing`);
  }

  list(): JsonReader[] {
    if (!Array.isArray(this.value)) return this.#expected('a list');
    return this.value.map((v: Json, i) => this.#child(v, `[${i}]`));
  }

  text(): string {
    return typeof this.value === 'string' ? this.value : this.#expected('text');
  }

  number(): number {
    return typeof this.value === 'number' && Number.isFinite(this.value)
      ? this.value
      : this.#expected('a number');
  }

  flag(): boolean {
    return typeof this.value === 'boolean' ? this.value : this.#expected('true or false');
  }

  /** A whole number from 0 to below `limit`. */
  count(limit = Number.MAX_SAFE_INTEGER): number {
    const { value } = this;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value < limit)
      return value;
    return this.#expected(
      limit === Number.MAX_SAFE_INTEGER
        ? 'a whole number ≥ 0'
        : `a whole number from 0 to ${limit - 1}`,
    );
  }

  shape(): number[] {
    return this.list().map((n) => n.count());
  }

  oneOf<T extends string>(known: readonly T[]): T {
    const text = this.text();
    if ((known as readonly string[]).includes(text)) return text as T;
    const near = nearest(text, known);
    return this.fail(
      `unknown ${brief(text)}${near ? `; did you mean "${near}"?` : '.'} Known: ${known.join(', ')}`,
    );
  }

  /** The plain object itself. */
  object(): Readonly<Record<string, Json>> {
    this.entries();
    return this.value as Readonly<Record<string, Json>>;
  }
}

/** JSON of one line, cut short. */
function brief(value: Json): string {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

/** JSON text with indents. Throws `OptionError` naming `what` for values that JSON cannot hold. */
export function formatJson(value: unknown, what: string): string {
  const check = (key: string, v: unknown): unknown => {
    const bad =
      typeof v === 'bigint' ||
      typeof v === 'function' ||
      (typeof v === 'number' && !Number.isFinite(v));
    if (bad)
      throw new OptionError(
        `${what}: "${key}" is ${typeof v === 'function' ? 'a function' : v}, which JSON cannot hold`,
      );
    return v;
  };
  try {
    return `${JSON.stringify(value, check, 2)}\n`;
  } catch (cause) {
    if (cause instanceof OptionError) throw cause;
    throw new OptionError(`${what}: JSON cannot hold it: ${messageOf(cause).split('\n', 1)[0]}`, {
      cause,
    });
  }
}
