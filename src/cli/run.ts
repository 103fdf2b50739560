import { parseArgs } from 'node:util';
import { VERSION } from '../runtime/version.ts';
import type { Command, CommandOption, CommandOptions, Commands, OptionValues } from './command.ts';
import { exitCode, inWords } from './failure.ts';
import { commandHelp, generalHelp } from './help.ts';
import { UsageError, unknown } from './values.ts';

/** Runs one command line and returns the exit code. Errors are one line on stderr; with DEBUG set, also their stack. */
export async function run(args: readonly string[], commands: Commands): Promise<number> {
  try {
    return (await dispatch(args, commands)) ?? 0;
  } catch (error) {
    process.stderr.write(`wasmgrad: ${inWords(error)}\n`);
    if (process.env['DEBUG']) console.error(error);
    return exitCode(error);
  }
}

async function dispatch(
  [name, ...rest]: readonly string[],
  commands: Commands,
): Promise<undefined | number> {
  const known = Object.keys(commands);
  const [about] = rest;
  if (name === undefined || ['--help', '-h'].includes(name) || (name === 'help' && !about)) {
    return print(generalHelp(commands));
  }
  if (name === '--version' || name === '-v') return print(VERSION);
  const asked = name === 'help' ? (about as string) : name;
  if (asked.startsWith('-')) unknown('option', asked, ['--help', '--version']);
  if (!known.includes(asked)) unknown('command', asked, known);
  const command = commands[asked] as Command;
  if (name === 'help') return print(commandHelp(asked, command));
  const { values, positionals } = parse(asked, command, rest);
  if (values['help']) return print(commandHelp(asked, command));
  return command.run(values, positionals);
}

const HELP: CommandOption = { type: 'boolean', short: 'h', help: 'show this' };

function parse(name: string, command: Command, args: readonly string[]) {
  const options: CommandOptions = { ...command.options, help: HELP };
  const parsed = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const { values, positionals, tokens } = parsed;
  const long = Object.keys(options).map((option) => `--${option}`);
  const short = Object.values(options).flatMap((o) => (o.short ? [`-${o.short}`] : []));
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { rawName, value, inlineValue } = token;
    if (![...long, ...short].includes(rawName)) unknown(`option of ${name}`, rawName, long);
    checkValue(rawName, options[token.name] as CommandOption, value, inlineValue);
  }
  const most = command.parameters?.length ?? 0;
  if (positionals.length > most && !values['help']) {
    throw new UsageError(`${name}: unexpected argument "${positionals[most]}"`);
  }
  return { values: values as OptionValues, positionals };
}

/** A word with a dash is no value, but a number or one behind `=` is. */
function checkValue(name: string, { type }: CommandOption, value?: string, inline?: boolean): void {
  if (type === 'boolean' && value !== undefined)
    throw new UsageError(`${name} takes no value, got "${value}"`);
  if (type === 'boolean') return;
  if (value === undefined) throw new UsageError(`${name}: its value is missing`);
  if (!inline && value.length > 1 && value.startsWith('-') && Number.isNaN(Number(value)))
    throw new UsageError(`${name}: its value is missing before ${value}`);
}

function print(text: string): undefined {
  process.stdout.write(`${text}\n`);
}
