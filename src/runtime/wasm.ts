import { builtin } from './environment.ts';
import { EngineError, messageOf } from './errors.ts';
import { isA } from './kind.ts';

export type WasmSource = BufferSource | Response | URL | WebAssembly.Module;

/** Loads a script of `build/`: base64 of the binary, compressed as raw deflate. */
export type Chunk = () => Promise<{ default: string }>;

type Compile = (bytes: BufferSource) => WebAssembly.Module | Promise<WebAssembly.Module>;

const modules = new Map<string, Promise<WebAssembly.Module>>();

/** The package's own binary `build/<target>.wasm`, compiled once: its file in Node, elsewhere the script that holds it. */
export function moduleOf(
  target: string,
  chunk: Chunk,
  make: Compile = compile,
): Promise<WebAssembly.Module> {
  const known = modules.get(target);
  if (known) return known;
  const module = ownBytes(target, chunk).then(make);
  modules.set(target, module);
  module.catch(() => modules.delete(target));
  return module;
}

async function ownBytes(target: string, chunk: Chunk): Promise<BufferSource> {
  const here = String(import.meta.url);
  const fs = here.startsWith('file:') && builtin('node:fs');
  if (fs) {
    try {
      return fs.readFileSync(new URL(`../../build/${target}.wasm`, here));
    } catch {
      // A bundler has moved this code away from the files.
    }
  }
  return inflate((await chunk()).default);
}

async function inflate(base64: string): Promise<BufferSource> {
  const [zlib, buffer] = [builtin('node:zlib'), builtin('node:buffer')];
  if (zlib && buffer) return zlib.inflateRawSync(buffer.Buffer.from(base64, 'base64'));
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const { readable, writable } = new DecompressionStream('deflate-raw');
  const writer = writable.getWriter();
  // What is wrong with them the reader says.
  writer.write(bytes).catch(() => {});
  writer.close().catch(() => {});
  return new Response(readable).arrayBuffer();
}

export async function compileSource(source: WasmSource): Promise<WebAssembly.Module> {
  // One of another window or context cannot be instantiated here, but a copy can.
  if (isA(source, 'WebAssembly.Module'))
    return source instanceof WebAssembly.Module ? source : structuredClone(source);
  if (isA(source, 'URL')) return compile(await fetchBytes(source));
  if (isA(source, 'Response')) return compile(await bytesOf(source));
  return compile(source as BufferSource);
}

async function fetchBytes(url: URL): Promise<BufferSource> {
  const files = url.protocol === 'file:' && builtin('node:fs/promises');
  if (files) return files.readFile(url);
  return bytesOf(await fetch(url));
}

async function bytesOf(response: Response): Promise<ArrayBuffer> {
  if (!response.ok)
    throw new EngineError(
      `wasm: ${response.url} answered ${response.status} ${response.statusText}`,
    );
  return response.arrayBuffer();
}

export async function compile(bytes: BufferSource): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes);
  } catch (cause) {
    throw blocked(cause);
  }
}

export function blocked(cause: unknown): EngineError {
  const why = messageOf(cause);
  const hint = /content security|unsafe-eval|disallowed/i.test(why)
    ? "; send `Content-Security-Policy: script-src 'self' 'wasm-unsafe-eval'` with the page"
    : '';
  return new EngineError(`WebAssembly does not compile: ${why}${hint}`, { cause });
}
