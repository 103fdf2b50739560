import type { Command, Commands } from './command.ts';

export function generalHelp(commands: Commands): string {
  const rows = Object.entries(commands).map(([name, { summary }]): Row => [name, summary]);
  const usage = 'Usage: wasmgrad <command> [options]';
  const options: Row[] = [
    ['--help', 'show this; `npx wasmgrad <command> --help` for one command'],
    ['--version', 'show the version'],
  ];
  return [usage, '', 'Commands:', ...columns(rows), '', 'Options:', ...columns(options)].join('\n');
}

export function commandHelp(name: string, command: Command): string {
  const { summary, parameters = [], options, examples = [], notes = [] } = command;
  const usage = [
    'wasmgrad',
    name,
    ...parameters.map((p) => (p.startsWith('[') ? p : `<${p}>`)),
    '[options]',
  ].join(' ');
  const rows = Object.entries(options).map(([long, { short, value, help }]): Row => {
    const names = short ? `-${short}, --${long}` : `--${long}`;
    return [value ? `${names} <${value}>` : names, help];
  });
  const shown = examples.map(([line, what]): Row => [line, what]);
  return [
    `Usage: ${usage}`,
    '',
    summary,
    '',
    'Options:',
    ...columns(rows),
    ...(notes.length ? ['', ...notes] : []),
    ...(shown.length ? ['', 'Examples:', ...columns(shown)] : []),
  ].join('\n');
}

type Row = readonly [left: string, right: string];

const WIDTH = 110;

/** Two columns; the right one is wrapped. */
function columns(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.flatMap(([left, right]) => {
    const [first = '', ...more] = wrap(right, WIDTH - width - 4);
    return [
      `  ${left.padEnd(width)}  ${first}`,
      ...more.map((line) => ' '.repeat(width + 4) + line),
    ];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
