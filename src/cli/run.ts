import { parseArgs } from 'node:util';
import { messageOf, OptionError, unknownName } from '../runtime/errors.ts';
import type { Command, CommandOption, Commands, OptionValues } from './command.ts';
import { commandHelp, generalHelp } from './help.ts';
import { version } from './version.ts';

/** Runs one command line and returns the exit code. Errors are one line on stderr; with DEBUG set, also their stack. */
export async function run(args: readonly string[], commands: Commands): Promise<number> {
  try {
    await dispatch(args, commands);
    return 0;
  } catch (error) {
    const [line] = messageOf(error).split('\n');
    process.stderr.write(`wasmgrad: ${line}\n`);
    if (process.env['DEBUG']) console.error(error);
    return 1;
  }
}

async function dispatch([name, ...rest]: readonly string[], commands: Commands): Promise<void> {
  const known = Object.keys(commands);
  if (
    name === undefined ||
    name === '--help' ||
    name === '-h' ||
    (name === 'help' && !rest.length)
  ) {
    return print(generalHelp(commands));
  }
  if (name === '--version' || name === '-v') return print(version());
  const asked = name === 'help' ? (rest[0] as string) : name;
  if (asked.startsWith('-')) unknownName('option', asked, ['--help', '--version']);
  if (!known.includes(asked)) unknownName('command', asked, known);
  const command = commands[asked] as Command;
  if (name === 'help') return print(commandHelp(asked, command));
  const { values, positionals } = parse(asked, command, rest);
  if (values['help']) return print(commandHelp(asked, command));
  await command.run(values, positionals);
}

const HELP: CommandOption = { type: 'boolean', short: 'h', help: 'show this' };

function parse(name: string, command: Command, args: readonly string[]) {
  const options = { ...command.options, help: HELP };
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  const known = Object.entries(options).flatMap(([long, { short }]) => [`--${long}`, `-${short}`]);
  for (const token of tokens) {
    if (token.kind !== 'option') continue;
    const { rawName } = token;
    if (!known.includes(rawName)) {
      unknownName(
        `option of ${name}`,
        rawName,
        known.filter((k) => k.startsWith('--')),
      );
    }
  }
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
  const most = command.parameters?.length ?? 0;
  if (positionals.length > most && !values.help) {
    throw new OptionError(`${name}: unexpected argument "${positionals[most]}"`);
  }
  return { values: values as OptionValues, positionals };
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
