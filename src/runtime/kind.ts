interface Kinds {
  Float16Array: Float32Array;
  Float32Array: Float32Array;
  Float64Array: Float64Array;
  Int8Array: Int8Array;
  Int16Array: Int16Array;
  Int32Array: Int32Array;
  Uint8Array: Uint8Array<ArrayBuffer>;
  Uint8ClampedArray: Uint8ClampedArray;
  Uint16Array: Uint16Array;
  Uint32Array: Uint32Array;
  DataView: DataView;
  Error: Error;
  RegExp: RegExp;
  Response: Response;
  URL: URL;
  'WebAssembly.Module': WebAssembly.Module;
}

/** Whether a value is of one of the kinds, wherever it was made: `instanceof` knows the classes of one window or context only. */
export function isA<K extends keyof Kinds>(
  value: unknown,
  ...kinds: readonly K[]
): value is Kinds[K] {
  return (kinds as readonly string[]).includes(Object.prototype.toString.call(value).slice(8, -1));
}
