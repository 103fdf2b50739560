import type { Command, Commands } from './command.ts';

export function generalHelp(commands: Commands): string {
  const rows = Object.entries(commands).map(([name, { summary }]): Row => [name, summary]);
  const usage = 'Usage: wasmgrad <command> [options]';
  const options: Row[] = [
    ['--help', 'show this; `wasmgrad <command> --help` for one command'],
    ['--version', 'show the version'],
  ];
  return [usage, '', 'Commands:', ...columns(rows), '', 'Options:', ...columns(options)].join('\n');
}

export function commandHelp(name: string, { summary, parameters = [], options }: Command): string {
  const usage = ['wasmgrad', name, '[options]', ...parameters.map((p) => `<${p}>`)].join(' ');
  const rows = Object.entries(options).map(([long, { short, value, help }]): Row => {
    const names = short ? `-${short}, --${long}` : `--${long}`;
    return [value ? `${names} <${value}>` : names, help];
  });
  return [`Usage: ${usage}`, '', summary, '', 'Options:', ...columns(rows)].join('\n');
}

type Row = readonly [left: string, right: string];

function columns(rows: readonly Row[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`);
}
