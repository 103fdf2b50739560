/** The random numbers of `assembly/random.ts` in plain JavaScript. */

/** Philox4x32-10. */
export function philox(counter: readonly number[], key: readonly number[]): number[] {
  let [c0, c1, c2, c3] = counter.map(BigInt) as [bigint, bigint, bigint, bigint];
  let [k0, k1] = key.map(BigInt) as [bigint, bigint];
  const word = 0xffffffffn;
  for (let round = 0; round < 10; round++) {
    const [a, b] = [c0 * 0xd2511f53n, c2 * 0xcd9e8d57n];
    [c0, c1, c2, c3] = [(b >> 32n) ^ c1 ^ k0, b & word, (a >> 32n) ^ c3 ^ k1, a & word];
    [k0, k1] = [(k0 + 0x9e3779b9n) & word, (k1 + 0xbb67ae85n) & word];
  }
  return [c0, c1, c2, c3].map(Number);
}

/** Random word of element i of a tensor. */
export function randomWord(i: number, stream: number, seed: number, key: number): number {
  const block = 4 * Math.floor(i / 16) + (i % 4);
  return philox([block, stream, 0, 0], [seed, key])[Math.floor(i / 4) % 4] as number;
}

/** Φ(z), from erf(x) = 2/√π·e^(−x²)·Σ 2^k·x^(2k+1)/(2k+1)!! */
export function normalCdf(z: number): number {
  if (Math.abs(z) > 12) return z > 0 ? 1 : 0;
  const x = z / Math.SQRT2;
  let term = x;
  let sum = x;
  for (let k = 1; k < 400; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return 0.5 + (Math.exp(-x * x) * sum) / Math.sqrt(Math.PI);
}
