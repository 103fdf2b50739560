/** An order of functions in which deflate, whose window is 32 KiB, finds more of what they have in common. */
import binaryen from 'binaryen';

const LENGTH = 5;
/** Strings in more functions than this tell little. */
const MOST = 60;
/** Functions that a next one is compared with, the last ones counting most. */
const RECENT = 6;

/** Puts the functions of the module into that order. */
export function orderFunctions(module: binaryen.Module): void {
  const names = Array.from({ length: module.getNumFunctions() }, (_, i) => {
    return binaryen.getFunctionInfo(module.getFunctionByIndex(i));
  }).filter(({ base }) => !base);
  const order = similarOrder(functionBodies(module.emitBinary()));
  for (const i of order) {
    const { name, params, results, vars, body } = names[i] as (typeof names)[number];
    module.removeFunction(name);
    module.addFunction(name, params, results, vars, body);
  }
}

/** Each starts with its length. */
function functionBodies(binary: Uint8Array): Uint8Array[] {
  const CODE = 10;
  let at = 8;
  const unsigned = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = binary[at++] as number;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  const skip = () => {
    const size = unsigned();
    at += size;
  };
  while (binary[at++] !== CODE) skip();
  unsigned();
  return Array.from({ length: unsigned() }, () => {
    const start = at;
    skip();
    return binary.subarray(start, at);
  });
}

/** From the first one on, always the one that is most like those before it. */
export function similarOrder(bodies: readonly Uint8Array[]): number[] {
  const likeness = likenesses(bodies);
  const order = [0];
  const left = new Set(bodies.keys());
  for (left.delete(0); left.size > 0; left.delete(order.at(-1) as number)) {
    const recent = order.slice(-RECENT);
    const score = (j: number) =>
      recent.reduce((sum, i, k) => sum + (likeness[i]?.[j] ?? 0) * (k + 1 + recent.length), 0);
    const scores = [...left].map((j) => [score(j), j] as const);
    order.push(scores.reduce((best, next) => (next[0] > best[0] ? next : best))[1]);
  }
  return order;
}

/** Strings that two functions have in common, rare ones counting more, by their sizes. */
function likenesses(bodies: readonly Uint8Array[]): Float64Array[] {
  const sets = bodies.map(stringsOf);
  const holders = new Map<number, number[]>();
  sets.forEach((strings, i) => {
    for (const s of strings) holders.set(s, [...(holders.get(s) ?? []), i]);
  });
  const common = bodies.map(() => new Float64Array(bodies.length));
  for (const list of holders.values()) {
    if (list.length > MOST) continue;
    const weight = 1 / Math.log2(1 + list.length);
    for (const i of list) for (const j of list) (common[i] as Float64Array)[j]! += weight;
  }
  const size = (i: number) => (sets[i] as Set<number>).size;
  return common.map((row, i) => row.map((sum, j) => sum / Math.sqrt(size(i) + size(j) + 20)));
}

function stringsOf(body: Uint8Array): Set<number> {
  const starts = Array.from({ length: Math.max(0, body.length - LENGTH + 1) }, (_, at) => at);
  return new Set(starts.map((at) => body.subarray(at, at + LENGTH).reduce((n, b) => n * 256 + b)));
}
