import { cos, log } from '../optim/math.ts';
import { OptionError } from '../runtime/errors.ts';

type Writable = { [i: number]: unknown; readonly length: number };

/**
 * Random numbers of the host, the same on every JavaScript engine: sfc32 (Chris Doty-Humphrey, PractRand). Each pair of
 * seed and stream has a sequence of its own.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, stream = 0) {
    if (!Number.isSafeInteger(seed))
      throw new OptionError(`seed is ${seed}, expected a whole number`);
    this.#a = seed | 0;
    this.#b = Math.floor(seed / 2 ** 32) | 0;
    this.#c = stream | 0;
    for (let i = 0; i < 12; i++) this.word();
  }

  /** 32 random bits, signed. */
  word(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  /** A number in [from, to), default [0, 1). */
  uniform(from = 0, to = 1): number {
    return from + (to - from) * ((this.word() >>> 0) / 2 ** 32);
  }

  /** A number of mean 0 and variance 1 (Box and Muller 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * log(1 - this.uniform()));
    return radius * cos(2 * Math.PI * this.uniform());
  }

  /** A whole number from 0 to n − 1. */
  below(n: number): number {
    return Math.floor(this.uniform() * n);
  }

  /** Brings the list into random order (Fisher and Yates) and returns it. */
  shuffle<T extends Writable>(list: T): T {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const moved = list[i];
      list[i] = list[j];
      list[j] = moved;
    }
    return list;
  }
}
