import { atPath } from '../graph/scope.ts';
import { isView, makeTensor, rootOf, type Tensor, wholeOf } from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import type { Work } from '../runtime/turns.ts';

/** A graph as the rules of its ops leave it. */
export interface Rewritten {
  /** All nodes, inputs before users. */
  readonly nodes: readonly Tensor[];
  /** What stands for a node of the graph as it was written. */
  readonly now: (node: Tensor) => Tensor;
}

/**
 * Follows the rules of the ops (`OpInfo.rewrite`) in what `roots` depend on, until none fits: walks through the nodes, inputs
 * before users, and lets a better one stand for each. What replaces a node and one below it takes the place of the latter.
 */
export function* rewriting(roots: readonly Tensor[]): Work<Rewritten> {
  const graph = new Graph();
  for (;;) {
    const nodes = graph.begin(roots);
    for (const node of nodes) {
      graph.visit(node);
      yield;
    }
    if (!graph.changed) return { nodes, now: graph.now };
  }
}

interface Entry {
  /** How many nodes and roots read the node, or did when the walk began. */
  uses: number;
  /** Where it stands in the order. */
  readonly place: number;
}

class Graph {
  changed = false;
  #entries = new Map<Tensor, Entry>();
  readonly #by = new Map<Tensor, Tensor>();

  readonly now = (node: Tensor): Tensor => {
    const by = this.#by.get(node);
    return by ? this.now(by) : node;
  };

  /** The nodes of a walk. */
  begin(roots: readonly Tensor[]): Tensor[] {
    const now = roots.map(this.now);
    const place = (node: Tensor) => this.#entries.get(node)?.place ?? 0;
    const nodes = reachable(now).sort((a, b) => place(a) - place(b));
    this.#entries = new Map();
    nodes.forEach((node, i) => {
      this.#add(node, i);
    });
    for (const root of now) this.#at(root).uses++;
    this.changed = false;
    return nodes;
  }

  visit(node: Tensor): void {
    const { op, inputs, attrs, scope } = node;
    const now = inputs.map(this.now);
    let found = node;
    if (now.some((t, i) => t !== inputs[i])) {
      found = atPath(scope, () => makeTensor(op, now, attrs));
      this.#replace(node, found, node);
    }
    while (this.#follow(found, found) || this.#follow(found, firstOf(found))) {
      this.changed = true;
      found = this.now(found);
    }
  }

  /** Whether a rule of `of`, the node or what its first input shows, puts another one in the node's place. */
  #follow(node: Tensor, of: Tensor): boolean {
    return Object.values(of.op.rewrite ?? {}).some((rule) => {
      if (!rule || (rule.user ? !rule.user.includes(node.op) : of !== node)) return false;
      if (rule.user && !rule.shared && !this.#isSole(node.inputs[0] as Tensor)) return false;
      const by = atPath(node.scope, () => rule.replace(node, of));
      if (!by || (isStored(by) && !isStored(node))) return false;
      this.#replace(node, by, rule.shared ? node : of);
      return true;
    });
  }

  /** Whether only one node reads x, and all that it is a view of. */
  #isSole(x: Tensor): boolean {
    const once = this.#at(x).uses === 1;
    return once && (!isView(x) || this.#isSole(x.inputs[0] as Tensor));
  }

  #at(node: Tensor): Entry {
    return this.#entries.get(node) as Entry;
  }

  #replace(old: Tensor, by: Tensor, first: Tensor): void {
    this.#add(by, this.#at(first).place);
    this.#at(by).uses += this.#at(old).uses;
    this.#by.set(old, by);
  }

  /** Takes note of a node, and of those below it that are new: from `place` on, each behind its inputs. */
  #add(node: Tensor, place: number): void {
    if (this.#entries.has(node)) return;
    let behind = place;
    for (const input of node.inputs) {
      this.#add(input, place);
      const entry = this.#at(input);
      entry.uses++;
      behind = Math.max(behind, entry.place);
    }
    this.#entries.set(node, { uses: 0, place: behind });
  }
}

/** What the first input of a node shows, or the node. */
function firstOf(node: Tensor): Tensor {
  const [input] = node.inputs;
  const whole = input && wholeOf(input);
  return whole && !isView(whole) ? whole : node;
}

/** Memory that a step, or an iteration, may change: a copy of it, made before, must stay one. */
function isStored(node: Tensor): boolean {
  return /variable|external|loop/.test(rootOf(node).op.source ?? '');
}
