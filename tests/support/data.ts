/** Small data sets, the same in every run. */

/** Numbers in [0, 1): a linear congruential generator. */
export function lcg(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const XOR = {
  x: [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  y: [[0], [1], [1], [0]],
};

/** `classes` clouds of points in `features` dimensions. */
export function blobs(n: number, features: number, classes: number, seed = 1) {
  const random = lcg(seed);
  const centres = Array.from({ length: classes }, () =>
    Array.from({ length: features }, () => 4 * random() - 2),
  );
  const y = Int32Array.from({ length: n }, () => Math.floor(random() * classes));
  const data = new Float32Array(n * features);
  for (let i = 0; i < n; i++) {
    for (let f = 0; f < features; f++) {
      data[i * features + f] =
        ((centres[y[i] as number] as number[])[f] as number) + random() - 0.5;
    }
  }
  return { x: { data, shape: [n, features] }, y };
}

/** 64 bits of FNV-1a over the bytes, as text. */
export function hashOf(arrays: readonly { readonly data: ArrayBufferView }[]): string {
  let h = 0xcbf29ce484222325n;
  for (const { data } of arrays) {
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) {
      h = ((h ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
    }
  }
  return h.toString(16);
}
