import { formatShape } from '../graph/shape.ts';
import { nameOf } from '../runtime/kernelName.ts';
import { PARAMETERS } from '../runtime/parameters.gen.ts';
import { type Buffer, END, type Pointer, REPEAT, type Row } from '../runtime/row.ts';
import { RESULTS, STEPS } from './emitter.ts';
import type { Program } from './program.ts';

/** Writes a line for the developer; the library is silent otherwise. */
export function debugLine(text: string): void {
  console.error(text);
}

export function debugProgram(program: Program, level: number): void {
  debugLine(level >= 4 ? printProgram(program) : summary(program));
}

/** The program as text: one row a line, a rule where the threads meet, loops indented. */
export function printProgram(
  program: Program,
  names: ReadonlyMap<Buffer, string> = nameBuffers(program),
): string {
  let depth = 1;
  const lines = program.rows.flatMap((row, i) => {
    if (row.kernel === END) depth--;
    const text = `${'  '.repeat(depth)}${printRow(row, names)}`;
    if (row.kernel === REPEAT) depth++;
    const scope = program.nodes[i]?.scope;
    const line = `${String(i).padStart(4)}${text}${scope ? `   # ${scope}` : ''}`;
    return program.barriers[i] ? ['      ──', line] : [line];
  });
  return [summary(program), ...lines].join('\n');
}

/** One line: rows, barriers, memory. */
function summary(program: Program): string {
  const { name, rows, barriers, plan, target, flops } = program;
  const meetings = barriers.filter(Boolean).length;
  const ports = [...program.inputs].map(([n, p]) => `${n} ${formatShape(p.shape)}`).join(', ');
  const threads = program.serial ? ', one thread' : '';
  return (
    `${name}(${ports}) ${target.build}: ${rows.length} rows, ${meetings} barriers${threads}, ` +
    `${(flops / 1e6).toFixed(3)} MFLOP, arena ${(plan.bytes / 1024).toFixed(1)} KiB`
  );
}

function printRow(row: Row, names: ReadonlyMap<Buffer, string>): string {
  const kernel = nameOf(row.kernel);
  const parameters = PARAMETERS[kernel]?.split(' ') ?? [];
  const args = row.args.map((arg, a) => {
    const name = parameters[a] ?? `${a}`;
    return typeof arg === 'number' ? `${name}=${format(arg)}` : printPointer(name, arg, names);
  });
  return `${kernel}(${args.filter(Boolean).join(', ')})`;
}

function printPointer(name: string, p: Pointer, names: ReadonlyMap<Buffer, string>): string {
  if (!p.buffer) return p.offset ? `${name}=@${p.offset}` : '';
  const offset = p.offset ? `+${p.offset}` : '';
  const moves = (p.strides ?? []).map(([level, bytes]) => `+i${level}·${bytes}`).join('');
  return `${name}=${names.get(p.buffer)}${offset}${moves}`;
}

function format(value: number): string {
  return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
}

/** Planned buffers by their place in the arena, others by name. */
export function nameBuffers({ rows, plan }: Program): Map<Buffer, string> {
  const names = new Map<Buffer, string>([
    [STEPS, 'step'],
    [RESULTS, 'results'],
  ]);
  for (const row of rows) {
    for (const arg of row.args) {
      if (typeof arg === 'number' || !arg.buffer || names.has(arg.buffer)) continue;
      const at = plan.offsets.get(arg.buffer);
      names.set(arg.buffer, at === undefined ? arg.buffer.name : `${arg.buffer.name}@${at}`);
    }
  }
  return names;
}
