import type { Block } from '../compile/block.ts';
import type { Variable } from '../graph/tensor.ts';
import type { Layer } from '../nn/layer.ts';
import type { Callee } from '../nn/trace.ts';
import { input } from '../ops/leaf.ts';
import { type Network, traceNetwork } from './network.ts';

/** Layers and models of a network in the order of their first call. */
export interface Parts {
  readonly layers: ReadonlySet<Layer>;
  readonly models: ReadonlySet<Callee>;
}

/** Those of a network that is not built; null where only data will tell. */
export function partsOf(network: Network): Parts | null {
  const { inputs, parts = [] } = network;
  if ([...inputs.values()].every((shape) => shape)) {
    const given = [...inputs].map(([name, shape]) => [name, input(name, [1, ...(shape ?? [])])]);
    return traceNetwork(network, Object.fromEntries(given), false).trace;
  }
  const [layers, models] = [new Set<Layer>(), new Set<Callee>()];
  for (const part of parts) {
    if (typeof part === 'function') {
      if (!('variables' in part)) return null;
      layers.add(part as Layer<never> as Layer);
    } else {
      const inner = partsOf(part);
      if (!inner) return null;
      for (const layer of inner.layers) layers.add(layer);
      for (const model of [part, ...inner.models]) models.add(model);
    }
  }
  return { layers, models };
}

const unbuilt = new Set<Expectation>();

/** Offers weights that are about to be freed to all that are not built yet. */
export function offer(blocks: readonly Block[]): void {
  for (const expectation of unbuilt) expectation.keep(blocks);
}

/** Keeps weights that others have made for a model or trainer that is not built yet, but may be about to use them. */
export class Expectation {
  readonly #uses: () => readonly Variable[] | null;
  readonly #kept = new Set<Block>();

  /** `uses`: what it is going to use; null, or an error, where that is not known. */
  constructor(uses: () => readonly Variable[] | null) {
    this.#uses = uses;
    unbuilt.add(this);
  }

  keep(blocks: readonly Block[]): void {
    const wanted = this.#wanted();
    for (const block of blocks) {
      if (block.freed || this.#kept.has(block) || !(wanted?.has(block) ?? true)) continue;
      block.hold();
      this.#kept.add(block);
    }
  }

  #wanted(): Set<unknown> | null {
    try {
      const used = this.#uses();
      return used && new Set(used.map((v) => v.storage?.buffer));
    } catch {
      return null;
    }
  }

  /** It is built, or never will be. */
  end(collected = false): void {
    const blocks = [...this.#kept];
    this.#kept.clear();
    unbuilt.delete(this);
    if (!collected) offer(blocks);
    for (const block of blocks) {
      if (collected) block.leave();
      else block.free();
    }
  }
}

/** That of a model. */
export function expectationOf(network: Network): Expectation {
  return new Expectation(() => {
    const parts = partsOf(network);
    return parts && [...parts.layers].flatMap((layer) => layer.variables);
  });
}
