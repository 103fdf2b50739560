import { sizeOf } from '../graph/shape.ts';
import { bytesOf, inplaceInputs, type Tensor, type Variable, wholeLines } from '../graph/tensor.ts';
import type { Assignment } from '../nn/trace.ts';
import type { Buffer, Pointer } from '../runtime/row.ts';

/** Memory of a node: a planned buffer, or a place that is fixed (variable, constant, bound by the host). */
interface Storage {
  readonly pointer: Pointer;
  readonly fixed: boolean;
  /** Kept in panels of columns: see `Variable.operand`. */
  readonly panels: boolean;
  lastUse: number;
}

export interface Constants {
  readonly buffer: Buffer & { bytes: number };
  readonly data: { readonly at: number; readonly node: Tensor }[];
}

/**
 * Decides which nodes share memory: views take their input's, elementwise ops may take the memory of an input that is
 * not needed any more, values that are assigned to a variable are computed in its memory where nobody reads it later.
 */
export class StorageMap {
  readonly constants: Constants = { buffer: { name: 'constants', bytes: 0 }, data: [] };
  /** Assignments that need a copy at the end. */
  readonly copies: Assignment[] = [];
  #order: readonly Tensor[];
  #realBytes: 4 | 8;
  #reuse: boolean;
  #index = new Map<Tensor, number>();
  #lastUse = new Map<Tensor, number>();
  #storage = new Map<Tensor, Storage>();
  #pinned = new Map<Tensor, Variable>();

  constructor(
    order: readonly Tensor[],
    outputs: readonly Tensor[],
    assignments: readonly Assignment[],
    realBytes: 4 | 8,
    reuse: boolean,
  ) {
    this.#order = order;
    this.#realBytes = realBytes;
    this.#reuse = reuse;
    order.forEach((node, i) => {
      this.#index.set(node, i);
      for (const input of node.inputs) this.#use(input, i);
    });
    for (const node of outputs) this.#use(node, Number.POSITIVE_INFINITY);
    this.#pin(assignments);
    order.forEach((node, i) => {
      this.#storage.set(node, this.#place(node, i));
    });
  }

  /** Whether the memory of a node holds it, or what it is a view of, in panels. */
  panels(node: Tensor): boolean {
    return (this.#storage.get(node) as Storage).panels;
  }

  /** Whether the node's memory outlives the step. */
  isFixed(node: Tensor): boolean {
    return (this.#storage.get(node) as Storage).fixed;
  }

  at(node: Tensor): Pointer {
    const { pointer } = this.#storage.get(node) as Storage;
    return { ...pointer, bytes: bytesOf(node, this.#realBytes) };
  }

  /** Buffers of variables in which values are computed or to which they are copied. */
  pinnedBuffers(): Buffer[] {
    const variables = [...this.#pinned.values(), ...this.copies.map((c) => c.variable)];
    return variables.flatMap((v) => (v.storage ? [v.storage.buffer] : []));
  }

  #use(node: Tensor, when: number): void {
    const root = rootOf(node);
    this.#lastUse.set(root, Math.max(this.#lastUse.get(root) ?? -1, when));
  }

  /** Lets values be computed in the memory of the variable they are assigned to. */
  #pin(assignments: readonly Assignment[]): void {
    const lastRead = new Map<Variable, number>();
    for (const node of this.#order) {
      if (node.op.source !== 'variable') continue;
      const variable = node.attrs.variable as Variable;
      lastRead.set(variable, Math.max(lastRead.get(variable) ?? -1, this.#lastUse.get(node) ?? -1));
    }
    for (const assignment of assignments) {
      const { variable, value } = assignment;
      const root = rootOf(value);
      const at = this.#index.get(root) as number;
      const read = lastRead.get(variable) ?? -1;
      const fits = !variable.storage?.panel || keepsColumns(root, value);
      const free = fits && !root.op.source && !root.op.effect && !this.#pinned.has(root);
      if (free && (read < at || (read === at && this.#reads(root, variable)))) {
        this.#pinned.set(root, variable);
      } else {
        this.#use(value, this.#order.length);
        this.copies.push(assignment);
      }
    }
  }

  /** Whether the node may overwrite the variable that it reads. */
  #reads(node: Tensor, variable: Variable): boolean {
    const own = node.inputs.map((input) => rootOf(input).attrs.variable === variable);
    return inplaceInputs(node).some((i) => {
      const input = node.inputs[i];
      return (
        input &&
        own[i] &&
        own.filter(Boolean).length === 1 &&
        sizeOf(input.shape) === sizeOf(node.shape)
      );
    });
  }

  #place(node: Tensor, i: number): Storage {
    const pinned = this.#pinned.get(node);
    if (pinned) return ofVariable(pinned, this.#realBytes);
    if (node.op.source) return this.#leaf(node);
    if (node.op.view) return this.#storage.get(node.inputs[0] as Tensor) as Storage;
    const lastUse = this.#lastUse.get(node) ?? i;
    const taken = this.#reuse ? this.#takeInput(node, i) : undefined;
    if (taken) {
      taken.lastUse = lastUse;
      return taken;
    }
    return this.#planned(node, lastUse);
  }

  #planned(node: Tensor, lastUse: number): Storage {
    const bytes = bytesOf(node, this.#realBytes);
    const name = node.scope ? `${node.scope}/${node.op.name}` : node.op.name;
    return {
      pointer: { buffer: { name, bytes }, offset: 0, bytes },
      fixed: false,
      panels: false,
      lastUse,
    };
  }

  /** The memory of an input that is used here for the last time. */
  #takeInput(node: Tensor, i: number): Storage | undefined {
    const bytes = bytesOf(node, this.#realBytes);
    for (const k of inplaceInputs(node)) {
      const input = node.inputs[k] as Tensor;
      const storage = this.#storage.get(input) as Storage;
      if (!storage.fixed && storage.lastUse === i && bytesOf(input, this.#realBytes) === bytes)
        return storage;
    }
    return undefined;
  }

  #leaf(node: Tensor): Storage {
    if (node.op.source === 'variable') return ofVariable(node.attrs.variable, this.#realBytes);
    if (node.op.source === 'constant') return this.#constant(node);
    if (node.op.source === 'external') {
      return fixed({ buffer: node.attrs.buffer as Buffer, offset: 0, bytes: 0 });
    }
    return { ...this.#planned(node, Number.POSITIVE_INFINITY), fixed: true };
  }

  #constant(node: Tensor): Storage {
    const { buffer, data } = this.constants;
    const bytes = bytesOf(node, this.#realBytes);
    const at = buffer.bytes;
    buffer.bytes = at + wholeLines(bytes);
    data.push({ at, node });
    return fixed({ buffer, offset: at, bytes });
  }
}

function fixed(pointer: Pointer, panels = false): Storage {
  return { pointer, fixed: true, panels, lastUse: Number.POSITIVE_INFINITY };
}

function ofVariable(variable: Variable, realBytes: 4 | 8): Storage {
  return fixed(variable.pointer(realBytes), (variable.storage?.panel ?? 0) > 0);
}

/** Whether `root` can write the panels of its view `value`. */
function keepsColumns(root: Tensor, value: Tensor): boolean {
  return (
    root.op.panels === true &&
    root.inputs[1]?.shape.length === 2 &&
    root.shape.at(-1) === value.shape.at(-1)
  );
}

/** The node whose memory a chain of views shows. */
export function rootOf(node: Tensor): Tensor {
  let root = node;
  while (root.op.view) root = root.inputs[0] as Tensor;
  return root;
}
