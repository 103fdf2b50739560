import { atPath } from '../graph/scope.ts';
import {
  isView,
  makeTensor,
  type Rewritten,
  rootOf,
  type Tensor,
  wholeOf,
} from '../graph/tensor.ts';
import { reachable } from '../graph/walk.ts';
import { atOnce, type Work } from '../runtime/turns.ts';

/**
 * Follows the rules of the ops (`OpInfo.rewrite`) in what `roots` depend on, until none fits: walks through the nodes, inputs
 * before users, and lets a better one stand for each, or one that computes the same. What replaces a node and one below it takes
 * the place of the latter.
 */
export function* rewriting(roots: readonly Tensor[], realBytes: 4 | 8): Work<Rewritten> {
  const graph = new Graph(realBytes);
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
  /** How many nodes and roots read the node. */
  uses: number;
  /** Where it stands in the order. */
  readonly place: number;
}

class Graph {
  changed = false;
  readonly #realBytes: 4 | 8;
  readonly #round: (x: number) => number;
  #nodes: readonly Tensor[] = [];
  #entries = new Map<Tensor, Entry>();
  readonly #by = new Map<Tensor, Tensor>();
  /** Nodes by what they compute. */
  #known = new Map<string, Tensor>();
  readonly #numbers = new Map<unknown, number>();

  constructor(realBytes: 4 | 8) {
    this.#realBytes = realBytes;
    this.#round = realBytes === 4 ? Math.fround : (x) => x;
  }

  readonly now = (node: Tensor): Tensor => {
    const by = this.#by.get(node);
    if (!by) return node;
    const last = this.now(by);
    this.#by.set(node, last);
    return last;
  };

  /** The nodes of a walk. */
  begin(roots: readonly Tensor[]): readonly Tensor[] {
    const now = roots.map(this.now);
    const place = (node: Tensor) => this.#entries.get(node)?.place ?? 0;
    this.#nodes = reachable(now).sort((a, b) => place(a) - place(b));
    this.#entries = new Map();
    this.#known = new Map();
    this.#nodes.forEach((node, i) => {
      this.#add(node, i);
    });
    for (const root of now) this.#at(root).uses++;
    this.changed = false;
    return this.#nodes;
  }

  visit(node: Tensor): void {
    const { op, inputs, attrs, scope } = node;
    if (this.#at(node).uses === 0) return;
    const now = inputs.map(this.now);
    let found = node;
    if (now.some((t, i) => t !== inputs[i])) {
      found = atPath(scope, () => makeTensor(op, now, attrs));
      this.#replace(node, found, node);
    }
    if (op.inside) this.#inside(node, found);
    while (this.#follow(found, found) || this.#follow(found, firstOf(found))) {
      this.changed = true;
      found = this.now(found);
    }
    this.#merge(found);
  }

  /** Rewrites the graph inside a node, to which the node's parts refer. */
  #inside(old: Tensor, node: Tensor): void {
    const parts = this.#nodes.filter((n) => n.op.part && n.inputs[0] === old);
    const rewrite = (roots: readonly Tensor[]) => atOnce(rewriting(roots, this.#realBytes));
    for (const [from, to] of node.op.inside?.(node, parts, rewrite) ?? []) {
      this.#replace(from, to, from);
      this.changed = true;
    }
  }

  /** Whether a rule of `of`, the node or what its first input shows, puts another one in the node's place. */
  #follow(node: Tensor, of: Tensor): boolean {
    return Object.values(of.op.rewrite ?? {}).some((rule) => {
      if (!rule || (rule.user ? !rule.user.includes(node.op) : of !== node)) return false;
      if (rule.user && !rule.shared && !this.#isSole(node.inputs[0] as Tensor)) return false;
      const by = atPath(node.scope, () => rule.replace(node, of, this.#round));
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

  /** Lets a node that computes the same stand for this one. */
  #merge(node: Tensor): void {
    const { op, inputs, attrs } = node;
    if (op.random || op.effect || op.source === 'loop') return;
    const part = (_: string, v: unknown) => {
      if (Object(v) !== v) return `${typeof v}${Object.is(v, -0) ? '-0' : v}`;
      return v === attrs || (Array.isArray(v) && v.length <= LONG) ? v : this.#number(v);
    };
    const key = JSON.stringify([this.#number(op), inputs.map((t) => this.#number(t)), attrs], part);
    const twin = this.#known.get(key);
    if (!twin || this.#at(twin).uses === 0) this.#known.set(key, node);
    else if (twin !== node) {
      this.#replace(node, twin, node);
      this.changed = true;
    }
  }

  #number(x: unknown): number {
    const known = this.#numbers.get(x) ?? this.#numbers.size;
    this.#numbers.set(x, known);
    return known;
  }

  #at(node: Tensor): Entry {
    return this.#entries.get(node) as Entry;
  }

  #replace(old: Tensor, by: Tensor, first: Tensor): void {
    this.#add(by, this.#at(first).place);
    this.#at(by).uses += this.#at(old).uses;
    this.#at(old).uses = 0;
    this.#by.set(old, by);
    this.#release(old);
  }

  /** What a node read that nobody reads any more has one reader less. */
  #release(old: Tensor): void {
    const open = [old];
    for (let node = open.pop(); node; node = open.pop()) {
      for (const input of node.inputs) {
        const now = this.now(input);
        if (--this.#at(now).uses === 0) open.push(now);
      }
    }
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

/** Elements up to which lists are compared one by one. */
const LONG = 1000;

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
